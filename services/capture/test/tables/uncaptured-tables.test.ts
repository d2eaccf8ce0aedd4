import { describe, expect, test } from 'vitest';
import { begin, statement } from '../support/streams.ts';
import { lifeOf } from '../support/table-life.ts';
import { tableMap } from '../support/table-maps.ts';

describe('a table that cannot be captured', () => {
  const lines = tableMap({ tableId: 7, table: 'lines' });
  const bare = tableMap({ tableId: 7, table: 'lines', primaryKey: [] });

  test.each([
    ['has no primary key, though its map has one: the server takes a unique key for it', lines, true],
    ['had none when its rows were written', bare, false],
  ])('is left alone when it %s, and read when a statement changes it', async (_what, map, keyless) => {
    const { stream, jobStore, source, refused, mended, uncaptured, owed, settle } = lifeOf({ keyless });
    statement(stream, 'CREATE TABLE lines (id INT NOT NULL, UNIQUE KEY (id))', 200);
    await settle();
    begin(stream, 300, null, map);
    await settle();
    expect([stream.mustSettleTables, refused, jobStore.knows('shop.lines')]).toEqual([
      false,
      ['shop.lines'],
      false,
    ]);
    stream.onCommit(400);
    source.keyless = false;
    statement(stream, 'ALTER TABLE lines ADD PRIMARY KEY (id)', 500);
    await settle();
    expect([uncaptured(), mended, owed()]).toEqual([[], ['shop.lines'], ['lines']]);
  });

  test('is left alone when it is made, before it has a row', async () => {
    const { stream, uncaptured, settle } = lifeOf({ keyless: true });
    statement(stream, 'CREATE TABLE lines (id INT NOT NULL)', 200);
    await settle();
    expect(uncaptured()).toEqual(['shop.lines']);
  });

  test.each(['DROP TABLE lines', 'DROP DATABASE shop'])(
    'is left alone when nothing of it was ever published, until %s',
    async (sql) => {
      const { stream, refused, uncaptured, settle } = lifeOf({ exists: false, topics: ['orders', 'lines'] });
      begin(stream, 300, null, bare);
      await settle();
      expect([refused, uncaptured()]).toEqual([['shop.lines'], ['shop.lines']]);
      stream.onCommit(400);
      statement(stream, sql, 500);
      await settle();
      expect(uncaptured()).toEqual([]);
    },
  );

  test('is left alone when it was published, and owes a snapshot', async () => {
    const { stream, jobStore, refused, settle } = lifeOf({
      exists: false,
      topics: ['orders', 'lines'],
      versions: ['lines'],
      whole: ['shop.lines'],
    });
    begin(stream, 300, null, bare);
    await settle();
    expect([stream.mustSettleTables, refused, jobStore.knows('shop.lines')]).toEqual([
      false,
      ['shop.lines'],
      false,
    ]);
  });

  test('is read again when its rows have a key again, and no statement said so', async () => {
    const published = { topics: ['orders', 'lines'], versions: ['lines'], whole: ['shop.lines'] };
    const { stream, jobStore, uncaptured, owed, settle } = lifeOf(published);
    begin(stream, 300, null, bare);
    await settle();
    expect(uncaptured()).toEqual(['shop.lines']);
    stream.onCommit(400);
    begin(stream, 500, null, lines);
    await settle();
    expect([uncaptured(), [...jobStore.whole], owed()]).toEqual([[], [], ['lines']]);
  });
});

describe('what the source has and does not show', () => {
  const lines = tableMap({ tableId: 7, table: 'lines' });

  test.each([
    ['a table', { exists: false }],
    ['a column', { columns: ['id'] }],
  ])('%s is not gone: the table is left alone', async (_what, options) => {
    const { stream, jobStore, refused, settle } = lifeOf({ ...options, refusal: 1142 });
    statement(stream, 'CREATE TABLE lines (id INT PRIMARY KEY, v INT)', 200);
    await settle();
    begin(stream, 300, null, lines);
    await settle();
    expect([stream.mustSettleTables, refused, jobStore.knows('shop.lines')]).toEqual([
      false,
      ['shop.lines'],
      false,
    ]);
  });

  test('a table that is shown with all its columns, and may not be read, stays left alone', async () => {
    const options = { columns: ['id', 'v'], refusal: 1142, topics: ['orders', 'lines'] };
    const { stream, refused, uncaptured, settle } = lifeOf({ ...options, versions: ['lines'] });
    begin(stream, 300, null, tableMap({ tableId: 7, table: 'lines', primaryKey: [] }));
    await settle();
    expect([refused, uncaptured()]).toEqual([['shop.lines'], ['shop.lines']]);
    stream.onCommit(400);
    for (const position of [500, 700]) {
      begin(stream, position, null, lines);
      await settle();
      expect([stream.mustSettleTables, uncaptured()]).toEqual([false, ['shop.lines']]);
      stream.onCommit(position + 100);
    }
    expect(refused).toEqual(['shop.lines']);
  });

  test('a column that was dropped further on in the stream is gone', async () => {
    const { stream, refused, settle } = lifeOf({
      topics: ['orders', 'lines'],
      versions: ['lines'],
      columns: ['id'],
    });
    begin(stream, 300, null, lines);
    expect(stream.mustSettleTables).toBe(true);
    await settle();
    expect([refused, stream.mustSettleTables]).toEqual([[], false]);
  });
});
