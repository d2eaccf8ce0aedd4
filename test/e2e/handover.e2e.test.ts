import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { readGaps, writeSteadily } from '../harness/records/change-gaps.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { testSize } from '../harness/test-size.ts';

/** What a reader of committed records notices when another capture goes on, at a transaction for each row. */

const stack = await startStack({ servers: ['kafka', 'mysql'] });
afterAll(() => stack.stop());

const PER_SECOND = testSize('SLUICE_HANDOVER_TPS', 500);
/** Where other tests run beside it a handover takes seconds, and the source does not take as many transactions; alone: `npm run test:standby`. */
const GAP_MS = testSize('SLUICE_HANDOVER_MS', 10_000);
const LEAST_PER_SECOND = testSize('SLUICE_HANDOVER_LEAST_TPS', 20);
const WRITERS = 2;
const HANDOVERS = testSize('SLUICE_HANDOVERS', 1);
/** A folder with another commit's sources, installed (`npm run test:upgrade`): its capture runs first. */
const PREVIOUS = process.env['SLUICE_PREVIOUS'];
const SECONDS_BEFORE = 2;

interface Captures {
  readonly captures: {
    readonly leader: { readonly instance: string } | null;
    readonly standbys: readonly { readonly instance: string; readonly version: string }[];
  };
}

test('handovers while a transaction of one row commits every 2 ms: each change once, and how long none comes', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'handover');
  await database.run('CREATE TABLE ticks (id INT AUTO_INCREMENT PRIMARY KEY)');
  const options = { database, brokers: stack.kafka.brokers };
  const older = await CapturePipeline.create(scope, options);
  const newer = await CapturePipeline.create(scope, options);
  const first = PREVIOUS === undefined ? older.launch() : older.launchOf(PREVIOUS);
  await first.ready();
  await older.snapshotDone(first, ['ticks']);
  const second = newer.launch();
  await inState(second, 'standby');
  await using load = new AsyncDisposableStack();
  const commits = await writers(load, database);
  const changes = await readGaps(scope, stack.kafka.brokers, older.topic('ticks'));
  await eventually('changes to arrive', () => changes.count > PER_SECOND * SECONDS_BEFORE);

  let [from, to] = [first, second];
  for (let handover = 0; handover < HANDOVERS; handover++) {
    const [committed, begun] = [commits.count, performance.now()];
    const quiet = changes.take();
    await handOver(from);
    await inState(to, 'streaming');
    await inState(from, 'standby');
    const seen = changes.count;
    await eventually('more changes', () => changes.count > seen + PER_SECOND);
    const rate = Math.round(((commits.count - committed) * 1000) / (performance.now() - begun));
    const gap = changes.take();
    process.stderr.write(
      `handover at ${rate} transactions/s: ${gap} ms without a change, ${quiet} ms before\n`,
    );
    expect(rate).toBeGreaterThanOrEqual(LEAST_PER_SECOND);
    expect(gap).toBeLessThanOrEqual(GAP_MS);
    [from, to] = [to, from];
    // The way back is that of test/e2e/upgrade.e2e.test.ts.
    if (PREVIOUS !== undefined) break;
  }

  await load.disposeAsync();
  await eventually('every change', () => changes.count >= commits.count);
  expect(await from.stop()).toMatchObject({ code: 0 });
  expect(await to.stop()).toMatchObject({ code: 0 });
  expect(changes.count).toBe(commits.count);
}, 90_000);

/** One connection alone waits for the source's disk. */
async function writers(scope: Scope, database: SourceDatabase): Promise<{ readonly count: number }> {
  const each = await Promise.all(
    Array.from({ length: WRITERS }, () => writeSteadily(scope, database, 'ticks', PER_SECOND / WRITERS)),
  );
  return {
    get count() {
      return each.reduce((sum, { count }) => sum + count, 0);
    },
  };
}

async function inState(capture: ServiceProcess, state: string): Promise<void> {
  await eventually(`${state} of process ${capture.pid}`, async () => {
    if (!capture.isRunning) throw new Error(`it has ended:\n${capture.lastLines()}`);
    return ((await capture.status().catch(() => null)) as { state?: string } | null)?.state === state;
  });
}

/** The leader has to have heard of the standby. */
async function handOver(leader: ServiceProcess): Promise<void> {
  await eventually('the leader to know of the standby', async () => {
    return ((await leader.status()) as Captures).captures.standbys.length === 1;
  });
  const { status, body } = await leader.order('/api/v1/capture/handover', { by: 'test' });
  expect({ status, body }).toMatchObject({ status: 202 });
}
