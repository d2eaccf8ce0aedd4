import { beforeEach, expect, test } from 'vitest';
import { CascadeMarks } from '../../src/stream/cascade-marks.ts';
import { rowsEvent, type Rows } from '../support/rows-events.ts';
import { tableMap } from '../support/table-maps.ts';

const PARENTS = new Map([
  [
    'shop.orders',
    { onDelete: ['shop.lines'], onUpdate: [{ columns: ['id'], tables: ['shop.lines', 'shop.notes'] }] },
  ],
]);
const ORDERS = tableMap();
const OTHER = tableMap({ table: 'other' });
const ROW = ORDERS.columns.map(() => '1');

let told: (readonly string[])[] = [];
beforeEach(() => (told = []));

function marksOf(flavour: 'mysql' | 'mariadb' = 'mariadb'): CascadeMarks {
  const marks = new CascadeMarks(flavour, (tables) => told.push(tables));
  marks.parents = PARENTS;
  return marks;
}

const deleted = (more: Partial<Rows> = {}): ReturnType<typeof rowsEvent> =>
  rowsEvent({ table: ORDERS, operation: 'DELETE', start: 4, rows: [ROW], ...more });

/** Rows of which the last gets another value in a column. */
function updated(column: number): ReturnType<typeof rowsEvent> {
  const after = ROW.map((value, at) => (at === column ? '2' : value));
  return rowsEvent({
    table: ORDERS,
    operation: 'UPDATE',
    start: 4,
    rows: [
      [ROW, ROW],
      [ROW, after],
    ],
  });
}

test('a parent that loses rows marks its children once a transaction', () => {
  const marks = marksOf();
  for (let times = 0; times < 3; times++) marks.note(deleted());
  marks.note(deleted({ table: OTHER }));
  marks.note(deleted({ operation: 'INSERT' }));
  expect(told).toEqual([]);
  marks.close();
  marks.close();
  expect(told).toEqual([['shop.lines']]);
});

test('an update marks when a referenced column is other, and leaves the rows to be read', () => {
  const marks = marksOf();
  marks.note(updated(1));
  marks.close();
  expect(told).toEqual([]);
  const rows = updated(0);
  marks.note(rows);
  marks.close();
  expect(told).toEqual([['shop.lines', 'shop.notes']]);
  expect([rows.next(), rows.next(), rows.next()]).toEqual([true, true, false]);
});

test('columns that the images do not give may have changed', () => {
  const marks = marksOf();
  marks.parents = new Map([
    ['shop.orders', { onDelete: [], onUpdate: [{ columns: ['renamed'], tables: ['shop.lines'] }] }],
  ]);
  marks.note(updated(1));
  marks.close();
  expect(told).toEqual([['shop.lines']]);
});

test.each([
  ['mariadb', 0x3, 0],
  ['mysql', 0x3, 0],
  ['mysql', 0x11, 0],
  ['mysql', 0x1, 1],
  ['mariadb', 0x11, 1],
] as const)('%s, flags %i: marked %i times', (flavour, flags, times) => {
  const marks = marksOf(flavour);
  marks.note(deleted({ flags }));
  marks.close();
  expect(told).toHaveLength(times);
  expect(marks.metUntraced).toBe(times > 0);
});

test('a transaction that is rolled back marks nothing, a prepared one when it commits', () => {
  const marks = marksOf();
  marks.note(deleted());
  marks.drop();
  marks.close();
  marks.note(deleted());
  marks.prepare("X'61',X'',1");
  marks.close();
  expect(told).toEqual([]);
  marks.commitPrepared("X'61',X'',1");
  marks.close();
  expect(told).toEqual([['shop.lines']]);
});

test('what an earlier life prepared may have changed any child', () => {
  const marks = marksOf();
  marks.commitPrepared("X'62',X'',1");
  marks.close();
  expect(told).toEqual([['shop.lines', 'shop.notes']]);
});
