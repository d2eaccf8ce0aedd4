import { expect, test, vi } from 'vitest';
import { createTableFilter } from '../../src/model/table-filter.ts';
import {
  isAccountedBy,
  watchUnaccounted,
  type UnaccountedParts,
} from '../../src/session/unaccounted-tables.ts';
import type { StreamPosition } from '../../src/model/position.ts';
import { TableWorkQueue } from '../../src/stream/table-work.ts';
import { MYSQL_FACTS } from '../support/server-facts.ts';

const named = (table: string, database = 'shop') => ({ database, table });

test('tables that were there before are looked for at once, and those that are gone without a statement are named', async () => {
  const work = new TableWorkQueue();
  const query = (sql: string): Promise<unknown> =>
    Promise.resolve([
      sql.includes('TABLE_NAME')
        ? [{ name_of_database: 'shop', name_of_table: 'again' }]
        : [{ File: 'binlog.000002', Position: 900, Executed_Gtid_Set: '' }],
    ]);
  const stop = new AbortController();
  await watchUnaccounted(
    {
      source: { facts: MYSQL_FACTS, connect: () => Promise.resolve({ query, destroy: () => undefined }) },
      filter: createTableFilter(['shop.*'], []),
      work,
      atBoundary: async (_mark: StreamPosition, look: () => void) => {
        look();
        stop.abort();
      },
      isAccounted: () => true,
      absent: ['gone', 'dropped', 'again'].map((table) => named(table)),
      isTold: ({ table }: { table: string }) => table === 'dropped',
    } as unknown as UnaccountedParts,
    stop.signal,
  );
  expect(work.waiting).toEqual([
    { kind: 'vanished', table: named('gone') },
    { kind: 'renamed', table: named('again') },
  ]);
});

test('captured tables that nothing tells of are looked for once a minute, where the stream has passed the answer', async () => {
  vi.useFakeTimers();
  try {
    const work = new TableWorkQueue();
    const marks: StreamPosition[] = [];
    const query = (sql: string): Promise<unknown> =>
      Promise.resolve([
        sql.includes('TABLE_NAME')
          ? [named('found'), named('known'), named('found', 'crm')].map(({ database, table }) => ({
              name_of_database: database,
              name_of_table: table,
            }))
          : [{ File: 'binlog.000002', Position: 900, Executed_Gtid_Set: '' }],
      ]);
    const connection = { query, destroy: () => undefined };
    const parts = {
      source: { facts: MYSQL_FACTS, connect: () => Promise.resolve(connection) },
      filter: createTableFilter(['shop.*'], []),
      work,
      atBoundary: async (mark: StreamPosition, look: () => void) => {
        marks.push(mark);
        look();
      },
      isAccounted: ({ table }: { table: string }) => table === 'known',
      absent: [],
    } as unknown as UnaccountedParts;
    const stop = new AbortController();
    const running = watchUnaccounted(parts, stop.signal);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(work.isEmpty).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(work.waiting).toEqual([{ kind: 'unaccounted', table: named('found') }]);
    expect(marks).toEqual([{ file: 'binlog.000002', position: 900 }]);
    stop.abort();
    await running;
  } finally {
    vi.useRealTimers();
  }
});

const NOTHING = {
  takesFirst: true,
  isKnown: () => false,
  isRefused: () => false,
  isStopped: () => false,
  wasCreated: () => false,
};

test.each([
  ['nobody has decided about it', {}, false],
  ['it is read, or has been', { isKnown: () => true }, true],
  ['it is left alone by name', { isRefused: () => true }, true],
  ['it waits for an operator', { isStopped: () => true }, true],
  ['the stream has seen it made', { wasCreated: () => true }, true],
  ['tables are not read before they change', { takesFirst: false }, true],
])('a table is accounted for or not: %s', (_what, change, expected) => {
  expect(isAccountedBy({ ...NOTHING, ...change }, named('found'))).toBe(expected);
});
