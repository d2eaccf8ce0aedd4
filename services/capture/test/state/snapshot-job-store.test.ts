import { describe, expect, test } from 'vitest';
import { NO_SNAPSHOTS, snapshotsSchema } from '../../src/state/kept-snapshots.ts';
import { SnapshotJobStore } from '../../src/state/snapshot-job-store.ts';

const table = (name: string): { database: string; table: string } => ({ database: 'shop', table: name });
const request = (jobStore: SnapshotJobStore, name: string): string =>
  jobStore.request({ ...table(name), condition: null, reconcile: false, requestedAt: 1 }).id;
const order = { ...table('a'), condition: null, reconcile: true, requestedAt: 1 };
const never = (): boolean => false;
const none: ReadonlySet<string> = new Set();

/** As a restart finds it: through the checkpoint. */
function again(jobStore: SnapshotJobStore): SnapshotJobStore {
  return new SnapshotJobStore(snapshotsSchema.parse(JSON.parse(JSON.stringify(jobStore.toSnapshots()))));
}

describe('first snapshots', () => {
  test('are owed by tables that are neither whole nor begun', () => {
    const jobStore = new SnapshotJobStore({ ...NO_SNAPSHOTS, whole: ['shop.a'] });
    jobStore.owe([table('a'), table('b')], never, 1);
    jobStore.owe([table('a'), table('b')], never, 1);
    expect(jobStore.jobs.map(({ id, state }) => [id, state])).toEqual([['initial/shop.b', 'pending']]);
    expect(jobStore.isBusy).toBe(true);
  });

  test.each(['finish', 'cancel'] as const)('after %s nothing is owed any more, over restarts', (event) => {
    const jobStore = new SnapshotJobStore();
    jobStore.owe([table('a')], never, 1);
    jobStore.move('initial/shop.a', 'start', 2);
    jobStore.move('initial/shop.a', event, 3);
    const later = again(jobStore);
    later.owe([table('a')], never, 4);
    expect(later.isBusy).toBe(false);
    expect([...later.whole]).toEqual(['shop.a']);
  });

  test('what has not begun takes no room in the checkpoint and is owed again', () => {
    const jobStore = new SnapshotJobStore();
    jobStore.owe([table('a'), table('b')], never, 1);
    jobStore.move('initial/shop.a', 'start', 2);
    jobStore.update('initial/shop.a', { since: '0010000020000000100', lastKey: ['4'], rows: 4 });
    const later = again(jobStore);
    expect(later.jobs.map(({ id }) => id)).toEqual(['initial/shop.a']);
    later.owe([table('a'), table('b')], () => true, 4);
    expect(later.jobs.map(({ id, state, reconcile }) => [id, state, reconcile])).toEqual([
      ['initial/shop.a', 'pending', false],
      ['initial/shop.b', 'pending', true],
    ]);
    expect(later.get('initial/shop.a')).toMatchObject({ lastKey: ['4'], rows: 4 });
  });

  test('a table that was left out for a while, or has got other rows, begins anew', () => {
    const jobStore = new SnapshotJobStore({ ...NO_SNAPSHOTS, whole: ['shop.a', 'shop.b'] });
    jobStore.keepOnly(new Set(['shop.a']));
    jobStore.forget('shop.a');
    expect([jobStore.knows('shop.a'), jobStore.knows('shop.b')]).toEqual([false, false]);
  });
});

describe('jobs that are asked for', () => {
  test('are numbered over restarts, and a paused one stays paused', () => {
    const jobStore = new SnapshotJobStore();
    expect([request(jobStore, 'a'), request(jobStore, 'b')]).toEqual(['s1', 's2']);
    jobStore.move('s1', 'pause', 2);
    const later = again(jobStore);
    expect(later.get('s1')?.state).toBe('paused');
    expect(request(later, 'c')).toBe('s3');
  });

  test('take turns: several tables at once, one job of a table at a time', () => {
    const jobStore = new SnapshotJobStore();
    for (const name of ['a', 'a', 'b', 'c']) request(jobStore, name);
    const ids = (free: number, reading = none): string[] =>
      jobStore.startable(free, reading).map(({ id }) => id);
    expect(ids(2)).toEqual(['s1', 's3']);
    jobStore.move('s1', 'start', 1);
    expect(ids(5)).toEqual(['s3', 's4']);
    jobStore.move('s1', 'pause', 2);
    // Its last chunk is still on its way.
    expect(ids(5, new Set(['s1']))).toEqual(['s3', 's4']);
    expect(ids(5)).toEqual(['s2', 's3', 's4']);
  });

  test('the checkpoint keeps the newest of those that have ended', () => {
    const jobStore = new SnapshotJobStore();
    const ids = Array.from({ length: 70 }, () => request(jobStore, 'a'));
    for (const id of ids) jobStore.move(id, 'cancel', 1);
    const kept = jobStore.toSnapshots().jobs.map(({ id }) => id);
    expect(kept).toEqual(ids.slice(-50));
  });

  test('every move wakes the listener; a move that has no place is refused', () => {
    const jobStore = new SnapshotJobStore();
    let woken = 0;
    jobStore.onMove = () => woken++;
    const id = request(jobStore, 'a');
    expect(jobStore.move(id, 'finish', 1)).toBeNull();
    expect(jobStore.move('s9', 'cancel', 1)).toBeNull();
    expect(jobStore.move(id, 'cancel', 1)?.state).toBe('cancelled');
    expect(woken).toBe(2);
  });
});

describe('tables that are to be read again', () => {
  const jobsOf = (jobStore: SnapshotJobStore): unknown[] =>
    jobStore.jobs.map(({ id, state, reconcile }) => [id, state, reconcile]);

  test('owe a first snapshot once more, which takes no room in the checkpoint', () => {
    const names = Array.from({ length: 5000 }, (_, index) => `t${index}`);
    const jobStore = new SnapshotJobStore({ ...NO_SNAPSHOTS, whole: names.map((name) => `shop.${name}`) });
    for (let times = 0; times < 2; times++) jobStore.readAgain(names.map(table), true, 2);
    expect([jobStore.jobs.length, jobStore.whole.size]).toEqual([5000, 0]);
    expect(jobStore.toSnapshots()).toEqual(NO_SNAPSHOTS);
    const later = again(jobStore);
    later.owe(names.slice(0, 1).map(table), () => true, 4);
    expect(jobsOf(later)).toEqual([['initial/shop.t0', 'pending', true]]);
  });

  test.each(['finish', 'cancel', 'fail'] as const)('also after %s of the first', (event) => {
    const jobStore = new SnapshotJobStore();
    jobStore.owe([table('a')], never, 1);
    jobStore.move('initial/shop.a', 'start', 2);
    jobStore.move('initial/shop.a', event, 3);
    jobStore.readAgain([table('a')], true, 4);
    expect(jobsOf(jobStore)).toEqual([['initial/shop.a', 'pending', true]]);
  });

  test('are asked for where no first snapshots are taken', () => {
    const jobStore = new SnapshotJobStore({ ...NO_SNAPSHOTS, whole: ['shop.a'] });
    for (let times = 0; times < 3; times++) jobStore.readAgain([table('a')], false, 4);
    expect([jobsOf(jobStore), jobStore.knows('shop.a')]).toEqual([[['s1', 'pending', true]], true]);
  });

  test('have one that has not begun drop what is gone', () => {
    const jobStore = new SnapshotJobStore();
    jobStore.owe([table('a')], never, 1);
    jobStore.readAgain([table('a')], true, 4);
    expect(jobsOf(jobStore)).toEqual([['initial/shop.a', 'pending', true]]);
  });

  test('are not asked for where only a first snapshot that has not begun is to drop what is gone', () => {
    const jobStore = new SnapshotJobStore({ ...NO_SNAPSHOTS, whole: ['shop.b'] });
    jobStore.owe(['a', 'b', 'c', 'd'].map(table), never, 1);
    for (const id of ['initial/shop.c', 'initial/shop.d']) jobStore.move(id, 'start', 2);
    jobStore.update('initial/shop.d', { since: '0010000020000000100' });
    for (const name of ['a', 'b', 'c', 'd', 'e']) jobStore.reconcileFirst(table(name));
    expect(jobsOf(jobStore)).toEqual([
      ['initial/shop.a', 'pending', true],
      ['initial/shop.c', 'running', true],
      ['initial/shop.d', 'running', false],
    ]);
  });

  test.each<[string, (jobStore: SnapshotJobStore) => unknown]>([
    [
      'reads some rows only',
      (jobStore) => jobStore.request({ ...order, condition: 'id < 5', reconcile: false }),
    ],
    ['drops nothing', (jobStore) => jobStore.request({ ...order, reconcile: false })],
    [
      'has begun',
      (jobStore) => jobStore.update(jobStore.request(order).id, { since: '0010000020000000100' }),
    ],
    ['runs', (jobStore) => jobStore.move(jobStore.request(order).id, 'start', 2)],
    ['is paused', (jobStore) => jobStore.move(jobStore.request(order).id, 'pause', 2)],
  ])('are read by another job than one that %s', (_what, ask) => {
    const jobStore = new SnapshotJobStore({ ...NO_SNAPSHOTS, whole: ['shop.a'] });
    ask(jobStore);
    for (let times = 0; times < 2; times++) jobStore.readAgain([table('a')], true, 4);
    expect(jobsOf(jobStore).slice(1)).toEqual([['initial/shop.a', 'pending', true]]);
  });

  test('are asked for beside a first snapshot that is under way', () => {
    const jobStore = new SnapshotJobStore();
    jobStore.owe([table('a')], () => true, 1);
    jobStore.move('initial/shop.a', 'start', 2);
    jobStore.readAgain([table('a')], true, 4);
    expect(jobsOf(jobStore)).toEqual([
      ['initial/shop.a', 'running', true],
      ['s1', 'pending', true],
    ]);
    const ids = jobStore.startable(9, none).map(({ id }) => id);
    expect(ids).toEqual([]);
  });
});
