/**
 * `npm run bench:scrape -- [--rows 300000] [--reps 5] [--scrape-ms 1000]`: what it costs that Prometheus asks for `/metrics` every second.
 * Capture and sink-redis drain the same rows, in turn with and without; then each is asked 300 times while it has nothing else to do.
 * Exit code 1 when a row costs more than 2 % more with one scrape a second, and the runs of a kind differ by less than that; and when one scrape takes
 * more than 2 % of a second of a processor: what it takes from a service that uses all of one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startStack, type Stack } from '@sluice/local-stack';
import { uniqueName } from '../../harness/scope.ts';
import { SourceDatabase } from '../../harness/pipelines/source-database.ts';
import { BenchPipeline, type RunningService } from '../bench-pipeline.ts';
import { measureCapture } from '../drain.ts';
import { ORDERS_TABLE, writeBulk } from '../orders-table.ts';
import { UsageSampler } from '../../harness/processes/process-usage.ts';
import { table } from '../report.ts';
import { measureSink } from '../sink-drain.ts';
import { median } from '../statistics.ts';
import { judge, type Costs } from './judge.ts';
import { emptyRedis, sinkSections } from '../stores.ts';

const DEARER_MAX = 0.02;
const SCRAPES = 300;
const IDLE_MS = 5000;

async function main(rows: number, reps: number, scrapeMs: number): Promise<boolean> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  await using stack = await startStack({ servers: ['kafka', 'mysql', 'redis'], onProgress: progress });
  await using scope = new AsyncDisposableStack();
  const database = await SourceDatabase.create(scope, stack.mysql, 'scrape');
  await database.run(ORDERS_TABLE);
  const runs = Array.from({ length: 2 * reps }, (_, run) => isScraped(run));
  const pipelines: BenchPipeline[] = [];
  for (const scraped of runs)
    pipelines.push(await standingPipeline(scope, stack, database, scraped ? { scrapeMs } : {}));
  progress(`writing ${rows} rows`);
  const written = await writeBulk(database, rows);
  const costs = { capture: newCosts(), 'sink-redis': newCosts() };
  for (const [run, pipeline] of pipelines.entries()) {
    const kind = isScraped(run) ? 'scraped' : 'plain';
    const capture = await measureCapture(pipeline, written);
    await emptyRedis(stack.redis.url, database.name);
    const sink = await measureSink(pipeline, 'redis', rows);
    costs.capture[kind].push(capture.cpuMicrosPerRow);
    costs['sink-redis'][kind].push(sink.cpuMicrosPerRow);
    progress(`${kind}: capture ${us(capture.cpuMicrosPerRow)}, sink-redis ${us(sink.cpuMicrosPerRow)}`);
  }
  process.stdout.write(`${report(costs, scrapeMs).join('\n')}\n`);
  const [plain] = pipelines;
  if (plain === undefined) return false;
  const scrapes = {
    capture: await scrapeCost(await plain.start('capture')),
    'sink-redis': await scrapeCost(await plain.start('sink-redis')),
  };
  for (const [name, ms] of Object.entries(scrapes))
    process.stdout.write(`one scrape of ${name}: ${ms.toFixed(2)} ms of a processor\n`);
  const isCheap = Object.values(scrapes).every((ms) => ms / 1000 <= DEARER_MAX);
  return isCheap && Object.values(costs).every((each) => !judge(each, scrapeMs, DEARER_MAX).isTooDear);
}

/** Milliseconds of processor time for one scrape; what the idle service uses in that time is taken off. */
async function scrapeCost(service: RunningService): Promise<number> {
  const sampler = new UsageSampler(service.pid);
  const cpuOf = async (work: () => Promise<unknown>): Promise<{ cpu: number; ms: number }> => {
    const from = Date.now();
    await work();
    const to = Date.now();
    await delay(100); // a sample behind it
    return { cpu: sampler.cpuBetween(from, to), ms: to - from };
  };
  for (let warm = 0; warm < 50; warm++) await service.metrics();
  const idle = await cpuOf(() => delay(IDLE_MS));
  const asked = await cpuOf(async () => {
    for (let scrape = 0; scrape < SCRAPES; scrape++) await service.metrics();
  });
  sampler.stop();
  await service.process.stop();
  return ((asked.cpu - (idle.cpu / idle.ms) * asked.ms) * 1000) / SCRAPES;
}

/** In turn, and the first of a pair in turn as well: what warms up or gets slower meets both. */
const isScraped = (run: number): boolean => [false, true, true, false][run % 4] === true;

const newCosts = (): Costs => ({ plain: [], scraped: [] });
const us = (micros: number): string => `${micros.toFixed(2)} µs/row`;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function report(costs: Readonly<Record<string, Costs>>, scrapeMs: number): string[] {
  const rows = Object.entries(costs).map(([name, each]) => {
    const { dearer, spread } = judge(each, scrapeMs, DEARER_MAX);
    const [plain, scraped] = [us(median(each.plain)), us(median(each.scraped))];
    return [name, plain, scraped, percent(dearer), percent(spread), String(each.plain.length)];
  });
  const heading = [
    'service',
    'not scraped',
    `every ${scrapeMs} ms`,
    'by one a second',
    'runs differ by',
    'runs each',
  ];
  return table([heading, ...rows]);
}

/** One that has begun to capture, and is stopped: what is written from now on is its to drain. */
async function standingPipeline(
  scope: AsyncDisposableStack,
  stack: Stack,
  database: SourceDatabase,
  scrape: { readonly scrapeMs?: number },
): Promise<BenchPipeline> {
  const pipeline = await BenchPipeline.create(scope, {
    name: uniqueName('scrape'),
    database,
    brokers: stack.kafka.brokers,
    partitions: 1,
    snapshot: 'never',
    sections: {},
    sinks: sinkSections(scope, stack, ['redis'], database.name),
    profiles: null,
    ...scrape,
  });
  const capture = await pipeline.start('capture');
  await capture.process.stop();
  return pipeline;
}

const text = (initial: string) => ({ type: 'string', default: initial }) as const;
const { values } = parseArgs({
  options: { rows: text('300000'), reps: text('5'), 'scrape-ms': text('1000') },
});
const done = await main(Number(values.rows), Number(values.reps), Number(values['scrape-ms']));
process.exitCode = done ? 0 : 1;
