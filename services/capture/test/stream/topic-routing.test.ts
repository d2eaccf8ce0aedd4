import type { RowsEvent } from '@sluice/binlog';
import { TopicRouting } from '@sluice/envelope';
import { partitionFor } from '@sluice/kafka';
import { describe, expect, test } from 'vitest';
import { parseHistoryRecord } from '../../src/catalog/schema-history-record.ts';
import { recordsOf, type BufferRecord } from '../support/buffer-records.ts';
import { rowsEvent, type Rows } from '../support/rows-events.ts';
import { begin, ORDERS, PARTITIONS, routedRegistry, statement, streamOf } from '../support/streams.ts';
import { tableMap } from '../support/table-maps.ts';

const LINES = tableMap({ tableId: 2, table: 'lines' });
const isRow = ({ headers }: BufferRecord): boolean => headers['schema']?.startsWith('row/') === true;
const payloadOf = ({ value }: BufferRecord) =>
  (JSON.parse(value ?? '') as { payload: { key: unknown; source: { table: string } } }).payload;

describe('strategy database', () => {
  const setup = (tombstones = false) => {
    const registry = routedRegistry({ strategy: 'database' }, 'orders', 'lines');
    return streamOf({ registry, tombstones });
  };

  test('equal keys of two tables differ on the topic, and stay in their partition', () => {
    const { stream, buffer } = setup();
    for (const [start, table] of [
      [200, ORDERS],
      [400, LINES],
    ] as const) {
      begin(stream, start, null, table);
      stream.onRows(rowsEvent({ table, operation: 'INSERT', start: start + 100, rows: [['1', '7']] }));
      stream.onCommit(start + 150);
    }
    const rows = recordsOf(buffer).filter(isRow);
    expect(rows.map(({ topic, key }) => `${topic} ${key}`).sort()).toEqual([
      'p.shop {"$table":"lines","id":1}',
      'p.shop {"$table":"orders","id":1}',
    ]);
    for (const row of rows) {
      const key = Buffer.from(row.key);
      expect(row.partition).toBe(partitionFor(key, 0, key.length, PARTITIONS));
      expect(payloadOf(row).key).toEqual({ id: 1 });
    }
  });

  test('a key change is linked by record keys, and a tombstone has the key of its row', () => {
    const { stream, buffer } = setup(true);
    begin(stream, 200);
    const rows: Rows['rows'] = [
      [
        ['1', '7'],
        ['2', '7'],
      ],
    ];
    stream.onRows(rowsEvent({ table: ORDERS, operation: 'UPDATE', start: 300, rows }));
    const records = recordsOf(buffer).filter(({ topic }) => topic === 'p.shop');
    const links = records.flatMap(({ headers: { new_key: next, old_key: old } }) => next ?? old ?? []);
    expect(links.sort()).toEqual(['{"$table":"orders","id":1}', '{"$table":"orders","id":2}']);
    expect(records.filter(({ value }) => value === null).map(({ key }) => key)).toEqual([
      '{"$table":"orders","id":1}',
    ]);
  });

  test('a control record goes to every partition under a key of its table', () => {
    const { stream, buffer } = setup();
    begin(stream, 200);
    begin(stream, 400, null, LINES);
    statement(stream, 'TRUNCATE TABLE lines', 600);
    const controls = recordsOf(buffer).filter(
      ({ topic, headers }) => topic === 'p.shop' && headers['schema'],
    );
    const keys = controls.map(({ partition, key }) => `${partition} ${key}`).sort();
    expect(keys).toEqual(
      [0, 1, 2].flatMap((partition) => [
        `${partition} {"$sluice":"schema","$table":"lines"}`,
        `${partition} {"$sluice":"schema","$table":"orders"}`,
        `${partition} {"$sluice":"truncate","$table":"lines"}`,
      ]),
    );
    for (const control of controls) expect(control.key).toContain(payloadOf(control).source.table);
  });

  test('a table that is new is looked at, although its topic is there', () => {
    const { stream } = streamOf({ registry: routedRegistry({ strategy: 'database' }, 'orders') });
    begin(stream, 200, null, LINES);
    expect(stream.mustSettleTables).toBe(true);
  });

  test('the schema history tells how the topics are named', () => {
    const { stream, buffer } = setup();
    begin(stream, 200);
    const [record] = recordsOf(buffer).filter(({ topic }) => topic === 'p.sluice.schema-history');
    expect(parseHistoryRecord(Buffer.from(record?.value ?? '')).routing).toBe('{database}');
  });
});

test('strategy operation: rows by their operation, controls to all', () => {
  const { stream, buffer } = streamOf({ registry: routedRegistry({ strategy: 'operation' }, 'orders') });
  begin(stream, 200);
  const [first, second, third] = [
    ['1', '7'],
    ['1', '8'],
    ['2', '8'],
  ] as const;
  const change = (operation: RowsEvent['operation'], start: number, rows: Rows['rows']): void =>
    stream.onRows(rowsEvent({ table: ORDERS, operation, start, rows }));
  change('INSERT', 300, [first]);
  change('UPDATE', 400, [
    [first, second],
    [second, third],
  ]);
  change('DELETE', 500, [third]);
  stream.onCommit(550);
  statement(stream, 'TRUNCATE TABLE orders', 600);
  const records = recordsOf(buffer);
  const rows = records.filter(isRow).map(({ topic, key }) => `${topic} ${key}`);
  expect(rows.sort()).toEqual([
    'p.shop.orders.delete {"id":1}',
    'p.shop.orders.delete {"id":2}',
    'p.shop.orders.insert {"id":1}',
    'p.shop.orders.insert {"id":2}',
    'p.shop.orders.update {"id":1}',
  ]);
  const truncates = records.filter(({ headers }) => headers['operation'] === 'TRUNCATE');
  const topics = new TopicRouting({ prefix: 'p', strategy: 'operation' }).topicsOf('shop', 'orders');
  expect(new Set(truncates.map(({ topic }) => topic))).toEqual(new Set(topics));
  expect(truncates).toHaveLength(topics.length * PARTITIONS);
});
