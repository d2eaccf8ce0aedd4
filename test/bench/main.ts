import { loadavg } from 'node:os';
import { startStack, type ServerName } from '@sluice/local-stack';
import { PipelineError } from '@sluice/runtime';
import { parseArguments, type BenchOptions } from './arguments.ts';
import { BenchRun, type Results } from './bench-run.ts';
import { mergeResults, reportLines } from './report.ts';

const EX_USAGE = 64;

/** `npm run bench`: a table for people, then one line of JSON. */
async function main(options: BenchOptions): Promise<void> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  await using stack = await startStack({ servers: serversOf(options), onProgress: progress });
  const loadBefore = loadavg()[0];
  const passes: Results[] = [];
  for (let pass = 0; pass < options.reps; pass++) {
    passes.push(await new BenchRun(stack, options, progress).run());
  }
  const results = mergeResults(passes);
  const { source, rows, singles, partitions, reps, settings } = options;
  const heading = `${source}, ${partitions} partition(s), median of ${reps}; load average before: ${loadBefore?.toFixed(1)}`;
  process.stdout.write(`${[heading, '', ...reportLines(results)].join('\n')}\n`);
  const conditions = { source, rows, singles, partitions, reps, settings, loadBefore };
  process.stdout.write(`${JSON.stringify({ conditions, results })}\n`);
}

function serversOf({ source, workloads }: BenchOptions): ServerName[] {
  const servers: ServerName[] = ['kafka', source];
  if (workloads.includes('sink-redis')) servers.push('redis');
  if (workloads.includes('sink-elasticsearch')) servers.push('elasticsearch');
  if (workloads.includes('sink-mysql')) servers.push('target-mysql');
  return servers;
}

function options(): BenchOptions {
  try {
    return parseArguments(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EX_USAGE);
  }
}

await main(options());
