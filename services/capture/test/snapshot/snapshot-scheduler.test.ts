import { afterEach, expect, test, vi } from 'vitest';
import { SnapshotScheduler } from '../../src/snapshot/snapshot-scheduler.ts';
import { SnapshotJobStore } from '../../src/state/snapshot-job-store.ts';

afterEach(() => vi.useRealTimers());

/** Readers that end when the test says so. */
class Setup {
  readonly jobStore = new SnapshotJobStore();
  readonly stop = new AbortController();
  readonly reading = new Map<string, PromiseWithResolvers<void>>();
  readonly stopped = new Set<string>();
  readonly done: Promise<void>;

  constructor(tables: readonly string[], stopped: readonly string[] = []) {
    for (const table of stopped) this.stopped.add(table);
    for (const table of tables) this.request(table);
    const scheduler = new SnapshotScheduler({
      jobStore: this.jobStore,
      threads: 2,
      isStopped: (table) => this.stopped.has(table),
      read: (id, signal) => this.#read(id, signal),
      now: () => 1,
    });
    this.done = scheduler.run(this.stop.signal);
    this.done.catch(() => undefined);
  }

  request(table: string): string {
    return this.jobStore.request({
      database: 'shop',
      table,
      condition: null,
      reconcile: false,
      requestedAt: 1,
    }).id;
  }

  async finish(id: string): Promise<void> {
    this.jobStore.move(id, 'finish', 2);
    this.reading.get(id)?.resolve();
    await settled();
  }

  get ids(): string[] {
    return [...this.reading.keys()];
  }

  async #read(id: string, signal: AbortSignal): Promise<void> {
    const end = Promise.withResolvers<void>();
    this.reading.set(id, end);
    signal.addEventListener('abort', () => end.resolve());
    await end.promise.finally(() => this.reading.delete(id));
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

test('reads as many tables at once as it may, and the next when one is done', async () => {
  const setup = new Setup(['a', 'b', 'c']);
  await settled();
  expect(setup.ids).toEqual(['s1', 's2']);
  await setup.finish('s1');
  expect(setup.ids).toEqual(['s2', 's3']);
  await setup.finish('s2');
  await setup.finish('s3');
  expect(setup.jobStore.isBusy).toBe(false);
  setup.request('d');
  await settled();
  expect(setup.ids).toEqual(['s4']);
  setup.stop.abort();
  await setup.done;
  expect(setup.ids).toEqual([]);
});

test('the failure of one ends all', async () => {
  const setup = new Setup(['a', 'b']);
  await settled();
  setup.reading.get('s1')?.reject(new Error('the source is away'));
  await expect(setup.done).rejects.toThrow('the source is away');
  expect(setup.ids).toEqual([]);
});

test('a table that waits for an operator is passed over', async () => {
  const setup = new Setup(['a', 'b', 'c'], ['shop.a']);
  await settled();
  expect(setup.ids).toEqual(['s2', 's3']);
  setup.stop.abort();
  await setup.done;
});

test('a table that is to be read again and again rests as long as it was read, for 2 s at least', async () => {
  vi.useFakeTimers();
  const setup = new Setup([]);
  const wish = (isPatient: boolean): readonly string[] =>
    setup.jobStore.readAgain([{ database: 'shop', table: 'a' }], false, 1, isPatient);
  for (let times = 0; times < 3; times++) wish(true);
  await settled();
  expect(setup.ids).toEqual(['s1']);
  for (let times = 0; times < 3; times++) wish(true);
  await vi.advanceTimersByTimeAsync(10_000);
  await setup.finish('s1');
  await vi.advanceTimersByTimeAsync(9_990);
  expect(setup.ids).toEqual([]);
  await vi.advanceTimersByTimeAsync(20);
  expect(setup.ids).toEqual(['s2']);
  await setup.finish('s2');
  wish(true);
  await vi.advanceTimersByTimeAsync(1_990);
  expect(setup.ids).toEqual([]);
  wish(false);
  setup.request('b');
  await settled();
  expect(setup.ids).toEqual(['s3', 's4']);
  setup.stop.abort();
  await setup.done;
});
