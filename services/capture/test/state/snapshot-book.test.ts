import { describe, expect, test } from 'vitest';
import { NO_SNAPSHOTS, SnapshotBook, snapshotsSchema } from '../../src/state/snapshot-book.ts';

const table = (name: string): { database: string; table: string } => ({ database: 'shop', table: name });
const request = (book: SnapshotBook, name: string): string =>
  book.request({ ...table(name), condition: null, reconcile: false, requestedAt: 1 }).id;
const order = { ...table('a'), condition: null, reconcile: true, requestedAt: 1 };
const never = (): boolean => false;
const none: ReadonlySet<string> = new Set();

/** As a restart finds it: through the checkpoint. */
function again(book: SnapshotBook): SnapshotBook {
  return new SnapshotBook(snapshotsSchema.parse(JSON.parse(JSON.stringify(book.toSnapshots()))));
}

describe('first snapshots', () => {
  test('are owed by tables that are neither whole nor begun', () => {
    const book = new SnapshotBook({ ...NO_SNAPSHOTS, whole: ['shop.a'] });
    book.owe([table('a'), table('b')], never, 1);
    book.owe([table('a'), table('b')], never, 1);
    expect(book.jobs.map(({ id, state }) => [id, state])).toEqual([['initial/shop.b', 'pending']]);
    expect(book.isBusy).toBe(true);
  });

  test.each(['finish', 'cancel'] as const)('after %s nothing is owed any more, over restarts', (event) => {
    const book = new SnapshotBook();
    book.owe([table('a')], never, 1);
    book.move('initial/shop.a', 'start', 2);
    book.move('initial/shop.a', event, 3);
    const later = again(book);
    later.owe([table('a')], never, 4);
    expect(later.isBusy).toBe(false);
    expect([...later.whole]).toEqual(['shop.a']);
  });

  test('what has not begun takes no room in the checkpoint and is owed again', () => {
    const book = new SnapshotBook();
    book.owe([table('a'), table('b')], never, 1);
    book.move('initial/shop.a', 'start', 2);
    book.update('initial/shop.a', { since: '0010000020000000100', lastKey: ['4'], rows: 4 });
    const later = again(book);
    expect(later.jobs.map(({ id }) => id)).toEqual(['initial/shop.a']);
    later.owe([table('a'), table('b')], () => true, 4);
    expect(later.jobs.map(({ id, state, reconcile }) => [id, state, reconcile])).toEqual([
      ['initial/shop.a', 'pending', false],
      ['initial/shop.b', 'pending', true],
    ]);
    expect(later.get('initial/shop.a')).toMatchObject({ lastKey: ['4'], rows: 4 });
  });

  test('a table that was left out for a while, or has got other rows, begins anew', () => {
    const book = new SnapshotBook({ ...NO_SNAPSHOTS, whole: ['shop.a', 'shop.b'] });
    book.keepOnly(new Set(['shop.a']));
    book.forget('shop.a');
    expect([book.knows('shop.a'), book.knows('shop.b')]).toEqual([false, false]);
  });
});

describe('jobs that are asked for', () => {
  test('are numbered over restarts, and a paused one stays paused', () => {
    const book = new SnapshotBook();
    expect([request(book, 'a'), request(book, 'b')]).toEqual(['s1', 's2']);
    book.move('s1', 'pause', 2);
    const later = again(book);
    expect(later.get('s1')?.state).toBe('paused');
    expect(request(later, 'c')).toBe('s3');
  });

  test('take turns: several tables at once, one job of a table at a time', () => {
    const book = new SnapshotBook();
    for (const name of ['a', 'a', 'b', 'c']) request(book, name);
    const ids = (free: number, reading = none): string[] => book.startable(free, reading).map(({ id }) => id);
    expect(ids(2)).toEqual(['s1', 's3']);
    book.move('s1', 'start', 1);
    expect(ids(5)).toEqual(['s3', 's4']);
    book.move('s1', 'pause', 2);
    // Its last chunk is still on its way.
    expect(ids(5, new Set(['s1']))).toEqual(['s3', 's4']);
    expect(ids(5)).toEqual(['s2', 's3', 's4']);
  });

  test('the checkpoint keeps the newest of those that have ended', () => {
    const book = new SnapshotBook();
    const ids = Array.from({ length: 70 }, () => request(book, 'a'));
    for (const id of ids) book.move(id, 'cancel', 1);
    const kept = book.toSnapshots().jobs.map(({ id }) => id);
    expect(kept).toEqual(ids.slice(-50));
  });

  test('every move wakes the listener; a move that has no place is refused', () => {
    const book = new SnapshotBook();
    let woken = 0;
    book.onMove = () => woken++;
    const id = request(book, 'a');
    expect(book.move(id, 'finish', 1)).toBeNull();
    expect(book.move('s9', 'cancel', 1)).toBeNull();
    expect(book.move(id, 'cancel', 1)?.state).toBe('cancelled');
    expect(woken).toBe(2);
  });
});

describe('tables that are to be read again', () => {
  const jobsOf = (book: SnapshotBook): unknown[] =>
    book.jobs.map(({ id, state, reconcile }) => [id, state, reconcile]);

  test('owe a first snapshot once more, which takes no room in the checkpoint', () => {
    const names = Array.from({ length: 5000 }, (_, index) => `t${index}`);
    const book = new SnapshotBook({ ...NO_SNAPSHOTS, whole: names.map((name) => `shop.${name}`) });
    for (let times = 0; times < 2; times++) book.readAgain(names.map(table), true, 2);
    expect([book.jobs.length, book.whole.size]).toEqual([5000, 0]);
    expect(book.toSnapshots()).toEqual(NO_SNAPSHOTS);
    const later = again(book);
    later.owe(names.slice(0, 1).map(table), () => true, 4);
    expect(jobsOf(later)).toEqual([['initial/shop.t0', 'pending', true]]);
  });

  test.each(['finish', 'cancel', 'fail'] as const)('also after %s of the first', (event) => {
    const book = new SnapshotBook();
    book.owe([table('a')], never, 1);
    book.move('initial/shop.a', 'start', 2);
    book.move('initial/shop.a', event, 3);
    book.readAgain([table('a')], true, 4);
    expect(jobsOf(book)).toEqual([['initial/shop.a', 'pending', true]]);
  });

  test('are asked for where no first snapshots are taken', () => {
    const book = new SnapshotBook({ ...NO_SNAPSHOTS, whole: ['shop.a'] });
    for (let times = 0; times < 3; times++) book.readAgain([table('a')], false, 4);
    expect([jobsOf(book), book.knows('shop.a')]).toEqual([[['s1', 'pending', true]], true]);
  });

  test('have one that has not begun drop what is gone', () => {
    const book = new SnapshotBook();
    book.owe([table('a')], never, 1);
    book.readAgain([table('a')], true, 4);
    expect(jobsOf(book)).toEqual([['initial/shop.a', 'pending', true]]);
  });

  test('are not asked for where only a first snapshot that has not begun is to drop what is gone', () => {
    const book = new SnapshotBook({ ...NO_SNAPSHOTS, whole: ['shop.b'] });
    book.owe(['a', 'b', 'c', 'd'].map(table), never, 1);
    for (const id of ['initial/shop.c', 'initial/shop.d']) book.move(id, 'start', 2);
    book.update('initial/shop.d', { since: '0010000020000000100' });
    for (const name of ['a', 'b', 'c', 'd', 'e']) book.reconcileFirst(table(name));
    expect(jobsOf(book)).toEqual([
      ['initial/shop.a', 'pending', true],
      ['initial/shop.c', 'running', true],
      ['initial/shop.d', 'running', false],
    ]);
  });

  test.each<[string, (book: SnapshotBook) => unknown]>([
    ['reads some rows only', (book) => book.request({ ...order, condition: 'id < 5', reconcile: false })],
    ['drops nothing', (book) => book.request({ ...order, reconcile: false })],
    ['has begun', (book) => book.update(book.request(order).id, { since: '0010000020000000100' })],
    ['runs', (book) => book.move(book.request(order).id, 'start', 2)],
    ['is paused', (book) => book.move(book.request(order).id, 'pause', 2)],
  ])('are read by another job than one that %s', (_what, ask) => {
    const book = new SnapshotBook({ ...NO_SNAPSHOTS, whole: ['shop.a'] });
    ask(book);
    for (let times = 0; times < 2; times++) book.readAgain([table('a')], true, 4);
    expect(jobsOf(book).slice(1)).toEqual([['initial/shop.a', 'pending', true]]);
  });

  test('are asked for beside a first snapshot that is under way', () => {
    const book = new SnapshotBook();
    book.owe([table('a')], () => true, 1);
    book.move('initial/shop.a', 'start', 2);
    book.readAgain([table('a')], true, 4);
    expect(jobsOf(book)).toEqual([
      ['initial/shop.a', 'running', true],
      ['s1', 'pending', true],
    ]);
    const ids = book.startable(9, none).map(({ id }) => id);
    expect(ids).toEqual([]);
  });
});
