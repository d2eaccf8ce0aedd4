import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { ChunkReader, type ChunkReaderOptions } from '../../src/snapshot/chunk-reader.ts';
import { SnapshotTable } from '../../src/snapshot/snapshot-table.ts';
import { PUBLISH_AS_IS } from '../../src/model/publication.ts';
import { ChunkRecorder } from '../../src/stream/table-route.ts';
import { columnRow, description } from '../support/descriptions.ts';
import { MYSQL_FACTS } from '../support/server-facts.ts';
import { FILE } from '../support/streams.ts';

const TABLE = new SnapshotTable(description({ columns: [columnRow('id')] }), undefined, MYSQL_FACTS);

/** A table that is there when it is described, and at whose SELECT the server gives this error. */
async function readAgainst(
  errno: number,
  mayReadAll = false,
  condition: string | null = null,
): Promise<string | undefined> {
  const query = (sql: unknown): Promise<unknown> => {
    const isOfAll = typeof sql === 'string' && sql.includes('LIMIT 0');
    if (isOfAll && mayReadAll) return Promise.resolve([[]]);
    return Promise.reject(Object.assign(new Error('refused'), { errno }));
  };
  const options = {
    connection: { query } as unknown as Connection,
    visibility: {
      read: async <T>(_: unknown, read: (lock: boolean) => Promise<T>) => ({
        result: await read(false),
        mark: { file: FILE, position: 4 },
      }),
    },
    server: MYSQL_FACTS,
    routes: { ddlsPassed: 0 },
    configuredKeys: {},
    allowsSql: false,
    statementSeconds: 300,
  } as unknown as ChunkReaderOptions;
  const reader = new ChunkReader(options);
  reader.describe = () => Promise.resolve(TABLE);
  const recorder = new ChunkRecorder();
  const chunk = await reader.read({
    name: { database: 'shop', table: 'orders' },
    condition,
    recorder,
    progress: {} as never,
    limit: 2,
    after: () => null,
  });
  if (typeof chunk === 'string') return chunk;
  expect(recorder.disturbed).toBe(true);
  expect(chunk.rows).toEqual([]);
  return chunk.refusal?.code;
}

test.each([
  ['a table', 1146, 'MYSQL_TABLE_UNKNOWN'],
  ['a column', 1054, 'MYSQL_COLUMN_UNKNOWN'],
  ['a database', 1049, 'MYSQL_DATABASE_UNKNOWN'],
])('%s that is dropped between question and SELECT is asked for again', async (_, errno, code) => {
  expect(await readAgainst(errno)).toBe(code);
});

test('a chunk of all rows that takes too long is asked for again', async () => {
  expect(await readAgainst(3024)).toBe('MYSQL_BUSY');
  expect(await readAgainst(1969)).toBe('MYSQL_BUSY');
});

test('a chunk of some rows that takes too long names the setting', async () => {
  await expect(readAgainst(3024, false, 'id > 7')).rejects.toMatchObject({
    code: 'SNAPSHOT_REFUSED',
    message: expect.stringContaining('took longer than snapshot.statementSeconds (300)') as unknown,
  });
});

test('a table whose engine keeps no rows is not read: all rows of the stores would seem gone', async () => {
  const name = { TABLE_SCHEMA: 'shop', TABLE_NAME: 'orders' };
  const shown = (engine: string): Promise<unknown> => {
    const answers: readonly (readonly [string, readonly object[]])[] = [
      ['.TABLES', [{ ...name, ENGINE: engine }]],
      ['.COLUMNS', [{ ...name, ...columnRow('id') }]],
      ['.STATISTICS', [{ ...name, INDEX_NAME: 'PRIMARY', COLUMN_NAME: 'id', SUB_PART: null }]],
    ];
    const query = (sql: string): Promise<unknown> =>
      Promise.resolve([answers.find(([of]) => sql.includes(of))?.[1] ?? []]);
    const options = { connection: { query }, server: MYSQL_FACTS, configuredKeys: {} };
    const reader = new ChunkReader({
      ...options,
      routes: { compile: () => PUBLISH_AS_IS },
    } as unknown as ChunkReaderOptions);
    return reader.describe({ database: 'shop', table: 'orders' });
  };
  expect(await shown('BLACKHOLE')).toBe('unreadable');
  expect(await shown('InnoDB')).toBeInstanceOf(SnapshotTable);
});

test('what is wrong with the source is thrown', async () => {
  await expect(readAgainst(1045)).rejects.toMatchObject({ code: 'MYSQL_AUTH_FAILED' });
});

test.each([
  ['the table', 1142],
  ['a column', 1143],
  ['the database', 1044],
])('a table is unreadable whose account has lost its privilege on %s', async (_, errno) => {
  expect(await readAgainst(errno)).toBe('unreadable');
  await expect(readAgainst(errno, true)).rejects.toMatchObject({ code: 'MYSQL_PRIVILEGE_MISSING' });
});
