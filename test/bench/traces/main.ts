/**
 * `npm run bench:traces -- [--rows 200000] [--reps 3]`: what traces cost. First one row on the path where nobody wants them, beside an empty loop.
 * Then capture and sink-redis drain the same rows, in turn with traces off, as by default, and on, told to an OTLP receiver beside them.
 */
import { execFile } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { startStack } from '@sluice/local-stack';
import { uniqueName } from '../../harness/scope.ts';
import { SourceDatabase } from '../../harness/pipelines/source-database.ts';
import { BenchPipeline, type BenchPipelineOptions } from '../bench-pipeline.ts';
import { measureCapture, type Throughput } from '../drain.ts';
import { ORDERS_TABLE, writeBulk } from '../orders-table.ts';
import { table } from '../report.ts';
import { measureSink } from '../sink-drain.ts';
import { median } from '../statistics.ts';
import { emptyRedis, sinkSections } from '../stores.ts';
import { startReceiver } from './receiver.ts';

const OFF_PATH = join(import.meta.dirname, '../../../services/capture/test/encode/trace-path.ts');
/** Of each transaction of a hundred rows: no two of them have one trace. */
const TRACE_COLUMN =
  "ALTER TABLE orders ADD COLUMN trace VARCHAR(60) NOT NULL DEFAULT (CONCAT('00-', LPAD(REPLACE(created_at + 0, '.', ''), 32, '0'), '-b7ad6b7169203331-01'))";
const KINDS = ['off', 'on'] as const;

type Kind = (typeof KINDS)[number];
type Runs = Record<Kind, Throughput[]>;

async function main(rows: number, reps: number): Promise<void> {
  process.stdout.write(`${await offPath()}\n`);
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  await using stack = await startStack({ servers: ['kafka', 'mysql', 'redis'], onProgress: progress });
  await using scope = new AsyncDisposableStack();
  const receiver = await startReceiver(scope);
  const database = await SourceDatabase.create(scope, stack.mysql, 'traces');
  await database.run(ORDERS_TABLE, TRACE_COLUMN);
  const traced = {
    off: { sections: {} },
    on: { sections: { tracing: { column: 'trace' } }, env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } },
  } satisfies Record<Kind, Pick<BenchPipelineOptions, 'sections' | 'env'>>;
  const sinks = sinkSections(scope, stack, ['redis'], database.name);
  const { brokers } = stack.kafka;
  const common = { database, brokers, partitions: 1, snapshot: 'never', sinks, profiles: null } as const;
  const pipelines: { readonly kind: Kind; readonly pipeline: BenchPipeline }[] = [];
  for (let run = 0; run < KINDS.length * reps; run++) {
    const kind = kindOf(run);
    const name = uniqueName('traces');
    const pipeline = await BenchPipeline.create(scope, { ...common, name, ...traced[kind] });
    await (await pipeline.start('capture')).process.stop();
    pipelines.push({ kind, pipeline });
  }
  progress(`writing ${rows} rows`);
  const written = await writeBulk(database, rows);
  const runs: Record<string, Runs> = { capture: { off: [], on: [] }, 'sink-redis': { off: [], on: [] } };
  for (const { kind, pipeline } of pipelines) {
    const capture = await measureCapture(pipeline, written);
    await emptyRedis(stack.redis.url, database.name);
    const sink = await measureSink(pipeline, 'redis', rows);
    runs['capture']?.[kind].push(capture);
    runs['sink-redis']?.[kind].push(sink);
    progress(
      `${kind}: capture ${figures(capture)}, sink-redis ${figures(sink)}, load ${loadavg()[0]?.toFixed(1)}`,
    );
  }
  if (receiver.requests() === 0) throw new Error('no span was told with traces on');
  process.stdout.write(`${report(runs).join('\n')}\nrequests with spans: ${receiver.requests()}\n`);
}

/** In turn, and the first of a pair in turn as well. */
const kindOf = (run: number): Kind => KINDS[[0, 1, 1, 0][run % 4] ?? 0] ?? 'off';

async function offPath(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [OFF_PATH]);
  const { empty, asked } = JSON.parse(stdout) as Record<'empty' | 'asked', number>;
  return `a row without traces: ${asked.toFixed(2)} ns, an empty loop ${empty.toFixed(2)} ns`;
}

const figures = ({ rowsPerSecond, cpuMicrosPerRow }: Throughput): string =>
  `${rowsPerSecond.toFixed(0)} rows/s, ${cpuMicrosPerRow.toFixed(2)} µs of a processor`;

function report(runs: Readonly<Record<string, Runs>>): string[] {
  const rows = Object.entries(runs).map(([service, kinds]) => {
    const of = (kind: Kind, field: 'rowsPerSecond' | 'cpuMicrosPerRow'): number =>
      median(kinds[kind].map((run) => run[field]));
    const [cpuOff, cpuOn] = [of('off', 'cpuMicrosPerRow'), of('on', 'cpuMicrosPerRow')];
    const ratio = of('on', 'rowsPerSecond') / of('off', 'rowsPerSecond');
    return [service, cpuOff.toFixed(2), cpuOn.toFixed(2), (cpuOn / cpuOff).toFixed(2), ratio.toFixed(2)];
  });
  return table([['service', 'µs/row off', 'µs/row on', 'on to off', 'rows/s on to off'], ...rows]);
}

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '200000' }, reps: { type: 'string', default: '3' } },
});
await main(Number(values.rows), Number(values.reps));
