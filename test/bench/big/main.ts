/**
 * `npm run bench:big -- [case…] [--source mysql|mariadb]`: what is big comes into Kafka whole and in bounded memory. Prints a
 * table; exit code 1 when a row is missing or wrong, or when capture took more memory than it may.
 */
import { parseArgs } from 'node:util';
import { kafkaClient } from '@sluice/kafka';
import { startStack, type Stack } from '@sluice/local-stack';
import { createLogger } from '@sluice/runtime';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { table } from '../report.ts';
import { runBigCase, type BigResult } from './big-case.ts';
import { BIG_CASES } from './cases.ts';
import { runMillion } from './million.ts';

type Source = 'mysql' | 'mariadb';

const MILLION = 'snapshot';
const NAMES = [...BIG_CASES.map(({ name }) => name), MILLION];
const EX_USAGE = 64;

async function main(source: Source, wanted: readonly string[]): Promise<boolean> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  await using stack = await startStack({ servers: serversOf(source, wanted), onProgress: progress });
  const rows = [['case', 'rows', 'seconds', 'rows/s', 'peak MiB', 'bound MiB', '']];
  let good = true;
  for (const { name, about, boundMebibytes, run } of playsOf(stack, source)) {
    if (!wanted.includes(name)) continue;
    progress(`${name}: ${about}`);
    const result = await run();
    const within = result.peakMebibytes <= boundMebibytes;
    good &&= within;
    rows.push([name, ...figures(result), String(boundMebibytes), within ? '' : 'TOO MUCH']);
  }
  process.stdout.write(`${table(rows).join('\n')}\n`);
  return good;
}

interface Play {
  readonly name: string;
  readonly about: string;
  readonly boundMebibytes: number;
  run(): Promise<BigResult>;
}

function playsOf(stack: Stack, source: Source): Play[] {
  const kafka = kafkaClient(
    { brokers: [...stack.kafka.brokers], clientId: 'sluice-bench' },
    createLogger('bench', { level: 'silent' }),
  );
  const stage = { server: stack[source], brokers: stack.kafka.brokers, kafka };
  const cases = BIG_CASES.map((big) => ({ ...big, run: () => runBigCase(stage, big) }));
  const million = async (): Promise<BigResult> => {
    const result = await runMillion(stack, source, new SeededRandom(announceSeed(MILLION)));
    const { kills, written, compared } = result;
    process.stderr.write(
      `${kills} kills, ${written} rows written meanwhile, ${compared} rows equal in every store\n`,
    );
    return result;
  };
  const about = 'a million rows read while they are written, capture killed twice, three stores compared';
  return [...cases, { name: MILLION, about, boundMebibytes: 400, run: million }];
}

function figures({ rows, seconds, peakMebibytes }: BigResult): string[] {
  return [
    String(rows),
    seconds.toFixed(1),
    Math.round(rows / seconds).toString(),
    Math.round(peakMebibytes).toString(),
  ];
}

function serversOf(
  source: Source,
  wanted: readonly string[],
): ('kafka' | Source | 'target-mysql' | 'redis' | 'elasticsearch')[] {
  const stores = ['target-mysql', 'redis', 'elasticsearch'] as const;
  return ['kafka', source, ...(wanted.includes(MILLION) ? stores : [])];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { source: { type: 'string', default: 'mysql' } },
});
const { source } = values;
if ((source !== 'mysql' && source !== 'mariadb') || positionals.some((name) => !NAMES.includes(name))) {
  process.stderr.write(`usage: npm run bench:big -- [${NAMES.join('|')} …] [--source mysql|mariadb]\n`);
  process.exit(EX_USAGE);
}
process.exitCode = (await main(source, positionals.length === 0 ? NAMES : positionals)) ? 0 : 1;
