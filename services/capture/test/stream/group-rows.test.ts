import { expect, test } from 'vitest';
import { ChunkRecorder } from '../../src/stream/table-route.ts';
import { recordsOf, rowsOf } from '../support/buffer-records.ts';
import { begin, insert, query, streamOf, workOf } from '../support/streams.ts';

/** Rows that are rolled back. */

const keys = (buffer: Parameters<typeof recordsOf>[0]): unknown[] =>
  rowsOf(recordsOf(buffer)).map(({ key }) => key['id']);

function rollBack(setup: ReturnType<typeof streamOf>, sql: string, closes: boolean): boolean {
  setup.stream.onQuery(query({ sql, start: 700, end: 720, closes }));
  const [taken] = setup.work.take();
  const doubt = taken?.kind === 'doubt' ? taken.doubt : null;
  return doubt?.kind === 'rolled-back' && doubt.undo();
}

test('have no effect, and the transactions around them have', () => {
  const setup = streamOf();
  const { stream, buffer } = setup;
  begin(stream, 200);
  stream.onRows(insert(300, 1));
  stream.onCommit(320);
  begin(stream, 400);
  stream.onRows(insert(500, 2, 3, 4, 5, 6, 7));
  expect(rollBack(setup, 'ROLLBACK', true)).toBe(true);
  begin(stream, 800);
  stream.onRows(insert(900, 8));
  stream.onCommit(920);
  expect(keys(buffer)).toEqual(expect.arrayContaining([1, 8]));
  expect([keys(buffer).length, buffer.rows]).toEqual([2, 2]);
});

test('go back to the savepoint that is named, again and again', () => {
  const setup = streamOf();
  const { stream, buffer } = setup;
  const savepoint = (name: string, start: number): void =>
    stream.onQuery(query({ sql: `SAVEPOINT \`${name}\``, start, end: start + 10, closes: false }));
  begin(stream, 200);
  stream.onRows(insert(300, 1));
  savepoint('a b', 340);
  stream.onRows(insert(400, 2, 3, 4));
  savepoint('inner', 450);
  stream.onRows(insert(500, 5, 6));
  expect(rollBack(setup, 'ROLLBACK TO `A B`', false)).toBe(true);
  stream.onRows(insert(740, 7, 8, 9));
  expect(rollBack(setup, 'ROLLBACK TO `a b`', false)).toBe(true);
  stream.onRows(insert(760, 10));
  stream.onCommit(780);
  expect(keys(buffer)).toEqual(expect.arrayContaining([1, 10]));
  expect(buffer.rows).toBe(2);
});

test('take a full batch back as well', () => {
  const setup = streamOf({ maxMessageBytes: 3000 });
  const { stream, buffer } = setup;
  begin(stream, 200);
  stream.onRows(insert(300, 1, 2, 3));
  stream.onCommit(320);
  begin(stream, 400);
  for (let id = 10; id < 40; id++) stream.onRows(insert(500 + id, id));
  expect(rollBack(setup, 'ROLLBACK', true)).toBe(true);
  expect(keys(buffer)).toHaveLength(3);
  expect(keys(buffer)).toEqual(expect.arrayContaining([1, 2, 3]));
});

test.each<[string, (setup: ReturnType<typeof streamOf>) => void]>([
  ['some are published', ({ stream }) => (stream.buffer = streamOf().buffer)],
  ['the buffer was published twice', ({ buffer }) => buffer.clear()],
  ['a version of the table stands between them', ({ stream }) => stream.announcement()],
])('are left in doubt when %s', (_why, happen) => {
  const setup = streamOf();
  begin(setup.stream, 200);
  setup.stream.onRows(insert(300, 1));
  setup.stream.onCommit(320);
  begin(setup.stream, 400);
  setup.stream.onRows(insert(500, 2));
  happen(setup);
  expect(rollBack(setup, 'ROLLBACK', true)).toBe(false);
});

test.each(['ROLLBACK TO `unknown`', 'ROLLBACK TO ``'])('are left in doubt by %s', (sql) => {
  const setup = streamOf();
  begin(setup.stream, 200);
  setup.stream.onRows(insert(300, 1));
  setup.stream.onCommit(320);
  begin(setup.stream, 400);
  setup.stream.onRows(insert(500, 2));
  expect(rollBack(setup, sql, false)).toBe(false);
});

test('are in doubt in a group that was never closed', () => {
  const { stream, work } = streamOf();
  begin(stream, 200);
  stream.onRows(insert(300, 1));
  begin(stream, 400);
  const [doubt] = workOf(work, 'doubt').map((one) => one.doubt);
  expect(doubt).toMatchObject({ kind: 'rolled-back', tables: [{ database: 'shop', table: 'orders' }] });
  expect(doubt?.kind === 'rolled-back' && doubt.undo()).toBe(false);
});

test('make a chunk that is being read worthless: it leaves out rows that the stream has', () => {
  const setup = streamOf();
  const { stream, routes } = setup;
  begin(stream, 200);
  stream.onRows(insert(300, 1));
  stream.onCommit(320);
  begin(stream, 400);
  const recorder = new ChunkRecorder();
  const route = routes.byName('shop', 'orders');
  if (route !== null) route.recorder = recorder;
  stream.onRows(insert(500, 2));
  expect(rollBack(setup, 'ROLLBACK', true)).toBe(true);
  expect(recorder.disturbed).toBe(true);
});
