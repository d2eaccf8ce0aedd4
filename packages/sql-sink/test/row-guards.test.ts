import { sequenceAt } from '@sluice/sink-kit/testing';
import { RowGuards, SchemaBarrier, SEQUENCE_COLUMN, Sessions, SnapshotBarrier } from '@sluice/sql-sink';
import { expect, test } from 'vitest';
import { sqliteStore } from './sqlite-store.ts';

const never = new AbortController().signal;
const origin = { topic: 'shop.orders', partition: 0, table: 'shop.orders' };

test('a delete is remembered by its key, in its partition, at its newest sequence', async () => {
  const store = sqliteStore();
  const guards = new RowGuards(new Sessions(store.driver, 10_000), store);
  const { database } = store;
  expect(await guards.read(database, origin)).toEqual({ truncateWatermark: '', newestTombstone: '' });
  await guards.noteDeleted(database, origin, [{ key: 'a', sequence: sequenceAt(5) }]);
  await guards.noteDeleted(database, origin, [{ key: 'a', sequence: sequenceAt(3) }]);
  const known = await guards.read(database, origin);
  expect(known.newestTombstone).toBe(sequenceAt(5));
  const [a, b] = ['a', 'b'].map((key) => ({ key, sequence: sequenceAt(4) }));
  const stored = await guards.addDeleted(database, origin, known, [a, b], new Map());
  expect([...stored]).toEqual([[a, sequenceAt(5)]]);
  const elsewhere = await guards.read(database, { ...origin, partition: 1 });
  expect(elsewhere.newestTombstone).toBe('');
});

test('a purge forgets what is old, of its own topics', async () => {
  const store = sqliteStore();
  const guards = new RowGuards(new Sessions(store.driver, 10_000), store);
  for (const topic of ['shop.orders', 'shopping.orders'])
    await guards.noteDeleted(store.database, { ...origin, topic }, [{ key: 'a', sequence: sequenceAt(1) }]);
  store.database.exec('UPDATE sluice_tombstones SET deleted_at = 1000');
  expect(await guards.purge('shop.', new Date(999_000), never)).toBe(0);
  expect(await guards.purge('shop.', new Date(1_001_000), never)).toBe(1);
  expect(store.database.prepare('SELECT topic FROM sluice_tombstones').all()).toEqual([
    { topic: 'shopping.orders' },
  ]);
});

test('a truncate takes the older rows, however many, and leaves its watermark', async () => {
  const store = sqliteStore();
  const guards = new RowGuards(new Sessions(store.driver, 10_000), store);
  store.database.exec(`CREATE TABLE orders (id INT, ${SEQUENCE_COLUMN} INT);
    WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 12000)
    INSERT INTO orders SELECT id, id FROM n`);
  await guards.removeBelow(origin, 'orders', String(11_999).padStart(19, '0'), never);
  expect(store.database.prepare('SELECT COUNT(*) AS left FROM orders').get()).toEqual({ left: 2 });
  await guards.removeBelow(origin, 'orders', sequenceAt(0), never);
  const { truncateWatermark } = await guards.read(store.database, origin);
  expect(truncateWatermark >= String(11_999).padStart(19, '0')).toBe(true);
});

test('a deletion by ranges of a column reads no more than a range at a time, and takes every older row', async () => {
  const store = sqliteStore();
  const asked: string[] = [];
  const { change } = store.driver;
  const driver = {
    ...store.driver,
    change: (...given: Parameters<typeof change>) => {
      asked.push(given[1]);
      return change(...given);
    },
  };
  const guards = new RowGuards(new Sessions(driver, 10_000), { ...store, driver });
  store.database.exec(`CREATE TABLE orders (id INT, part INT, ${SEQUENCE_COLUMN} INT, PRIMARY KEY (id, part));
    WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 12000)
    INSERT INTO orders SELECT 9007199254735001 + id, 1, CASE WHEN id % 4000 = 0 THEN 1 ELSE 9 END FROM n`);
  await guards.removeBelow(origin, 'orders', String(5).padStart(19, '0'), never, 'id');
  const left = `SELECT COUNT(*) AS rows, MIN(${SEQUENCE_COLUMN}) AS oldest FROM orders`;
  expect(store.database.prepare(left).get()).toEqual({ rows: 11_997, oldest: 9 });
  const deletes = asked.filter((sql) => sql.startsWith('DELETE'));
  expect(deletes.map((sql) => /WHERE (id .*?) AND _/.exec(sql)?.[1])).toEqual([
    'id <= 9007199254740001',
    'id > 9007199254740001 AND id <= 9007199254745001',
    'id > 9007199254745001',
  ]);
});

test('a change of columns is everywhere when each partition has shown it, and past where a later one was', async () => {
  const store = sqliteStore();
  const barrier = new SchemaBarrier(store);
  const note = (partition: number, step: number, table = 'shop.orders') =>
    barrier.note(store.database, { topic: 't', partition, table }, sequenceAt(step), 2);
  const [behind, last, past] = [
    { isPast: false, isEverywhere: false, isOvertaken: false },
    { isPast: false, isEverywhere: true, isOvertaken: false },
    { isPast: true, isEverywhere: false, isOvertaken: true },
  ];
  expect(await note(0, 1)).toEqual(behind);
  expect(await note(1, 1)).toEqual(last);
  expect(await note(1, 3)).toEqual(behind);
  expect(await note(1, 1)).toEqual(past);
  // Where one is beyond that has not shown it.
  expect(await note(0, 2)).toEqual({ ...behind, isOvertaken: true });
  // Of another table of the topic, whose changes lie in between.
  expect(await note(1, 2, 'shop.items')).toEqual(behind);
  expect(await note(0, 2, 'shop.items')).toEqual(last);
});

test('partitions that a topic has no more, because it was made again with fewer, are not waited for', async () => {
  const store = sqliteStore();
  const barrier = new SchemaBarrier(store);
  const note = (partition: number, step: number, partitions: number) =>
    barrier.note(store.database, { ...origin, partition }, sequenceAt(step), partitions);
  for (const partition of [0, 1, 2]) await note(partition, 5, 3);
  expect(await note(0, 30, 2)).toMatchObject({ isPast: false, isEverywhere: false });
  expect(await note(1, 30, 2)).toMatchObject({ isPast: false, isEverywhere: true });
});

test('columns that a table has come with are noted where nothing was', async () => {
  const store = sqliteStore();
  const barrier = new SchemaBarrier(store);
  const columns = (step: number, partition = 0) =>
    barrier.noteColumns(store.database, { ...origin, partition }, sequenceAt(step));
  const note = (step: number) => barrier.note(store.database, origin, sequenceAt(step), 1);
  expect(await columns(5)).toEqual({ last: '', isNoted: false });
  expect(await note(4)).toMatchObject({ isPast: true });
  expect(await note(6)).toMatchObject({ isPast: false, isEverywhere: true });
  expect(await columns(5)).toEqual({ last: sequenceAt(6), isNoted: false });
  expect(await columns(6, 1)).toEqual({ last: '', isNoted: true });
  expect(await note(6)).toMatchObject({ isPast: false });
});

test('what an earlier version has noted for all tables of a topic still counts', async () => {
  const store = sqliteStore();
  store.database.exec(`INSERT INTO sluice_shapes VALUES ('shop.orders', 1, ${sequenceAt(2)})`);
  const note = (step: number) => new SchemaBarrier(store).note(store.database, origin, sequenceAt(step), 2);
  expect(await note(2)).toMatchObject({ isPast: false, isEverywhere: true });
});

test('an end of a snapshot counts once for each partition, by job and table', async () => {
  const store = sqliteStore();
  const barrier = new SnapshotBarrier(store);
  const note = (partition: number, job: string) =>
    barrier.note(store.database, { ...origin, partition }, job);
  expect([await note(0, 'j'), await note(0, 'j'), await note(1, 'j'), await note(0, 'k')]).toEqual([
    1, 1, 2, 1,
  ]);
});
