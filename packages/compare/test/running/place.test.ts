import { expect, test } from 'vitest';
import { columnKind } from '../../src/column-kinds.ts';
import type { ComparedTable } from '../../src/compared-table.ts';
import { PlaceKeeper } from '../../src/running/place-keeper.ts';
import {
  comparePlaceSchema,
  keptSuspect,
  NOTHING_REACHED,
  reached,
  shapeOf,
  suspectOf,
  type RunningPlace,
} from '../../src/running/place.ts';

const table: ComparedTable = {
  database: 'shop',
  table: 'orders',
  columns: ['v', 'a', 'b'].map((name, at) => ({
    name,
    kind: columnKind(at === 2 ? 'varchar' : 'int'),
    generated: false,
  })),
  key: [1, 2],
};
const placeAt = (upTo: readonly string[]): object => ({
  table: 'shop.orders',
  shape: 's',
  pages: reached(upTo, 7),
  sinks: { cache: { sums: null, expired: 0, suspects: [] } },
});
const isPlace = (upTo: readonly string[]): boolean =>
  comparePlaceSchema.pick({ table: true }).safeParse({ table: placeAt(upTo) }).success;

test.each([['-12'], ['1.50'], ['1e-7'], ["'it\\'s'"], ["'a\\\\'"], ["'line\\n日'"], ["X'00fF'"], ['NULL']])(
  'a key that ends with %s is a place',
  (literal) => {
    expect(isPlace(['1', literal])).toBe(true);
  },
);

test.each([
  ['1 OR 1=1'],
  ["'a' OR 'b'"],
  ["'a\\'"],
  ["'a''b'"],
  ['(SELECT 1)'],
  ["X'00' OR 1"],
  ["X'0g'"],
  [''],
  ['1;DROP TABLE t'],
])('%s in the place of a key is none', (literal) => {
  expect(isPlace(['1', literal])).toBe(false);
  expect(isPlace([])).toBe(false);
});

test('a suspect is kept by its key, and is another one at the next look', () => {
  const row = { values: ['9', '1', '"x"'], keyLiterals: ['1', "'x'"] };
  const kept = keptSuspect({ identity: 'i', isOfSource: true, row, source: row.values, found: null }, table);
  expect(JSON.stringify(kept)).not.toContain('9');
  expect(suspectOf(kept, table)).toEqual({
    identity: 'i',
    isOfSource: true,
    row: { values: ['null', '1', '"x"'], keyLiterals: ['1', "'x'"] },
    source: null,
    found: null,
  });
  const stranger = { identity: 's', isOfSource: false, row: null, source: null, found: null };
  expect(suspectOf(keptSuspect(stranger, table), table)).toEqual(stranger);
});

test('other columns, conditions and sinks are another shape', () => {
  const sinks = [{ name: 'cache', isSummed: false }];
  const shapes = [
    shapeOf(table, null, sinks),
    shapeOf({ ...table, columns: table.columns.slice(1), key: [0, 1] }, null, sinks),
    shapeOf(table, 'id > 1', sinks),
    shapeOf(table, null, [{ name: 'cache', isSummed: true }]),
    shapeOf(table, null, [...sinks, { name: 'copy', isSummed: false }]),
  ];
  expect(new Set(shapes).size).toBe(shapes.length);
  expect(shapeOf({ ...table, columns: [...table.columns] }, null, sinks)).toBe(shapes[0]);
});

test('a place is kept at once, then from time to time, and not when the comparison was told to end', async () => {
  const kept: RunningPlace[] = [];
  const [stop, clock] = [new AbortController(), { now: 1000 }];
  const write = (place: RunningPlace): Promise<void> => {
    kept.push(place);
    return Promise.resolve();
  };
  const keeper = new PlaceKeeper({ write, everyMs: 2000 }, stop.signal, () => clock.now);
  const place = { found: { rows: 1 }, table: null } as RunningPlace;
  for (const now of [1000, 1001, 2999, 3000, 3001]) {
    clock.now = now;
    await keeper.at(() => place);
  }
  expect(kept).toHaveLength(2);
  stop.abort();
  clock.now = 9000;
  await keeper.at(() => place);
  expect(kept).toHaveLength(2);
  await new PlaceKeeper(null, stop.signal).at(() => place);
  expect(NOTHING_REACHED).toEqual({ upTo: null, isEnd: false, rows: 0 });
});
