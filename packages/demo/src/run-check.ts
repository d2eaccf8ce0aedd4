import type { StartCommand } from './arguments.ts';
import { waitUntilCaughtUp } from './caught-up.ts';
import { checkSummary, isEqual } from './check-summary.ts';
import { compareSinks, describeDifference, listTables } from '@sluice/compare';
import type { CompareOptions, Comparison } from '@sluice/compare';
import { figuresOf, readStatus } from '@sluice/ops-api/live';
import { startWorkload } from '@sluice/sample-shop';
import type { Workload } from '@sluice/sample-shop';
import { DEMO_PIPELINE } from './pipeline-config.ts';
import { prepareDemo, withConnection } from './demo-pipeline.ts';
import type { DemoPipeline } from './demo-pipeline.ts';
import type { PipelineService, RunningPipeline, ServiceName } from './pipeline-services.ts';
import { answers, waitUntil } from './wait-until.ts';
import type { RunHost } from './watch-pipeline.ts';

export type CheckCommand = Extract<StartCommand, { kind: 'check' }>;

const STARTED_WITHIN_MS = 90_000;
const CAUGHT_UP_WITHIN_MS = 120_000;
const EXAMPLES_SHOWN = 10;
/** The workload is paced to last about so long, so that every kill falls into the middle of it. */
const WORKLOAD_SECONDS = 45;
const ROWS_PER_TRANSACTION = 10;
/** Each service is killed once, the first and the last when these shares of the changes are committed. */
const KILLS = { first: 0.25, last: 0.7 };

/**
 * Brings everything up, changes the source, kills each service once, waits until the sinks have caught up and compares
 * every row. The last line on the output is one JSON object. Resolves to whether everything was equal.
 */
export async function runCheck(command: CheckCommand, outer: RunHost): Promise<boolean> {
  const startedAt = performance.now();
  const host = withClock(outer, startedAt);
  host.say(`check: seed ${command.seed}, source ${command.source}, ${command.changes} changes`);
  const demo = await prepareDemo({ ...command, onEvent: (line) => host.say(line) }, host);
  let equal = false;
  try {
    const { comparison, changes } = await changeAndCompare(demo, command, host);
    equal = isEqual(comparison, namesOf(demo));
    if (!equal) reportDifferences(comparison, host);
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    host.output.write(`${JSON.stringify(checkSummary(comparison, changes, seconds))}\n`);
  } finally {
    const keepFolder = !equal && !host.signal.aborted;
    if (keepFolder) host.say(`configuration and logs are kept in ${demo.folder}`);
    await demo.stop(keepFolder);
  }
  return equal;
}

/** Says every line with the seconds since the start. */
function withClock(host: RunHost, startedAt: number): RunHost {
  const elapsed = (): string => ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  return { ...host, say: (line) => host.say(`${elapsed()} s  ${line}`) };
}

async function changeAndCompare(
  demo: DemoPipeline,
  command: CheckCommand,
  host: RunHost,
): Promise<{ comparison: Comparison; changes: number }> {
  const pipeline = demo.start();
  try {
    const work = changeSource(demo, pipeline, command, host);
    const changes = await Promise.race([work, pipeline.failure]);
    const settled = settle(demo, pipeline, host);
    await Promise.race([settled, pipeline.failure]);
    host.say('comparing every row of every table');
    return { comparison: await compareAll(demo, host), changes };
  } finally {
    await pipeline.stop();
  }
}

/** The workload with its kills. Resolves to the number of changes committed. */
async function changeSource(
  demo: DemoPipeline,
  pipeline: RunningPipeline,
  command: CheckCommand,
  host: RunHost,
): Promise<number> {
  const capture = serviceOf(pipeline, 'capture');
  // The first rows are being read while these changes go on.
  await waitFor('capture to start', host, () => answers(`${capture.opsUrl}/livez`));
  const pace = Math.max(20, command.changes / ROWS_PER_TRANSACTION / WORKLOAD_SECONDS);
  const workload = startWorkload({ ...command, source: demo.source, transactionsPerSecond: pace });
  const interrupt = (): void => void workload.stop().catch(() => undefined);
  host.signal.addEventListener('abort', interrupt);
  try {
    const { services } = pipeline;
    const step = (KILLS.last - KILLS.first) / Math.max(1, services.length - 1);
    for (const [index, service] of services.entries())
      await killAt(KILLS.first + index * step, service, workload, command, host);
    const { changes, transactions, truncates } = await workload.done;
    host.signal.throwIfAborted();
    host.say(`${changes} changes in ${transactions} transactions, ${truncates} truncates`);
    return changes;
  } finally {
    host.signal.removeEventListener('abort', interrupt);
    await workload.stop().catch(() => undefined);
  }
}

async function killAt(
  share: number,
  service: PipelineService,
  workload: Workload,
  command: CheckCommand,
  host: RunHost,
): Promise<void> {
  await workload.reached(Math.floor(command.changes * share));
  await waitFor(`${service.name} to be ready`, host, () => answers(`${service.opsUrl}/readyz`));
  host.say(`kill -9 ${service.name} after ${workload.progress().changes} changes`);
  service.process.crash();
}

/** Waits until the sinks hold everything: the source is quiet now. */
async function settle(demo: DemoPipeline, pipeline: RunningPipeline, host: RunHost): Promise<void> {
  for (const service of pipeline.services) {
    await waitFor(`${service.name} to be ready`, host, () => answers(`${service.opsUrl}/readyz`));
  }
  await waitFor('the snapshot to end', host, () => isStreaming(serviceOf(pipeline, 'capture')));
  host.say('the source is quiet; waiting for the sinks');
  await withConnection(demo.source, (admin) =>
    admin.query("INSERT INTO shop.markers (note) VALUES ('quiet')"),
  );
  const marker = [{ database: 'shop', table: 'markers' }];
  await waitFor('the last row to reach every sink', host, async () =>
    isEqual(await compareSinks({ ...targetsOf(demo), tables: marker }), namesOf(demo)),
  );
  const behind = await waitUntilCaughtUp({
    brokers: demo.stack.kafka.brokers,
    topicPrefix: `${DEMO_PIPELINE}.shop.`,
    groups: namesOf(demo).map((sink) => `${DEMO_PIPELINE}.${sink}`),
    timeoutMs: CAUGHT_UP_WITHIN_MS,
    signal: host.signal,
  });
  host.say(
    behind === 0
      ? 'every sink has read every topic to its end'
      : `the sinks stand still ${behind} records before the end`,
  );
}

async function isStreaming(capture: PipelineService): Promise<boolean> {
  const reading = await readStatus(capture.name, { url: capture.opsUrl });
  return reading !== null && figuresOf(reading, undefined).state === 'streaming';
}

function waitFor(what: string, host: RunHost, condition: () => Promise<boolean>): Promise<void> {
  return waitUntil(what, condition, { timeoutMs: STARTED_WITHIN_MS, signal: host.signal });
}

async function compareAll(demo: DemoPipeline, host: RunHost): Promise<Comparison> {
  const tables = await withConnection(demo.source, (admin) => listTables(admin, 'shop'));
  return compareSinks({
    ...targetsOf(demo),
    tables,
    signal: host.signal,
    onTable: (table, rows) => host.say(`  ${table}: ${rows} rows`),
  });
}

function targetsOf({ source, sinks }: DemoPipeline): Omit<CompareOptions, 'tables'> {
  return { source, sinks: Object.fromEntries(sinks.map(({ name, section }) => [name, section])) };
}

function namesOf({ sinks }: DemoPipeline): readonly string[] {
  return sinks.map(({ name }) => name);
}

function serviceOf(pipeline: RunningPipeline, name: ServiceName): PipelineService {
  const service = pipeline.services.find((candidate) => candidate.name === name);
  if (service === undefined) throw new Error(`no service ${name}`);
  return service;
}

function reportDifferences({ sinks }: Comparison, host: RunHost): void {
  const examples = Object.values(sinks).flatMap((sink) => sink.examples);
  for (const example of examples.slice(0, EXAMPLES_SHOWN)) host.say(describeDifference(example));
}
