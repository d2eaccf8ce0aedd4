import { envelopeSchema, formatSequence } from '@sluice/envelope';
import { describe, expect, test } from 'vitest';
import { ChunkRecorder } from '../../src/stream/table-route.ts';
import { controls, recordsOf, rowsOf } from '../support/buffer-records.ts';
import { rowsEvent } from '../support/rows-events.ts';
import {
  begin,
  FILE,
  insert,
  NOW,
  ORDERS,
  query,
  registryOf,
  statement,
  streamOf,
  workOf,
} from '../support/streams.ts';
import { tableMap } from '../support/table-maps.ts';

describe('records', () => {
  test('an INSERT is an envelope of version 1 with its place in the binlog', () => {
    const { stream, buffer } = streamOf({ gtidSet: '' });
    begin(stream, 200, '3e11fa47-71ca-11e1-9e33-c80aa9429562:23');
    stream.onRows(insert(300, 1, 2));
    stream.onCommit(500);
    const [, second] = recordsOf(buffer)
      .filter(({ headers }) => headers['operation'] === 'INSERT')
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    expect(envelopeSchema.parse(JSON.parse(second?.value ?? ''))).toEqual({
      schema: { version: 1, type: 'row', table: 1 },
      payload: {
        source: {
          server: 'shop',
          serverId: 11,
          database: 'shop',
          table: 'orders',
          timestamp: 1_795_252_177_716.123,
          position: { file: FILE, offset: 300, row: 1 },
          gtid: '3e11fa47-71ca-11e1-9e33-c80aa9429562:23',
          snapshot: false,
        },
        operation: 'INSERT',
        sequence: '0010000020000000301',
        key: { id: 2 },
        before: null,
        after: { id: 2, v: 'a' },
        metadata: {
          connector: 'sluice',
          version: expect.any(String) as string,
          transaction_id: '3e11fa47-71ca-11e1-9e33-c80aa9429562:23',
          event_index: 1,
          captured_at: NOW,
        },
      },
    });
    expect(second).toMatchObject({
      key: '{"id":2}',
      headers: { operation: 'INSERT', sequence: '0010000020000000301', schema: 'row/1/1' },
    });
  });

  test('an UPDATE has the sequence of its after image, a DELETE no after', () => {
    const { stream, buffer } = streamOf();
    begin(stream, 200);
    const pair = [
      ['1', '"a"'],
      ['1', '"b"'],
    ] as const;
    stream.onRows(rowsEvent({ table: ORDERS, operation: 'UPDATE', start: 300, rows: [pair, pair] }));
    stream.onRows(rowsEvent({ table: ORDERS, operation: 'DELETE', start: 400, rows: [['1', '"b"']] }));
    stream.onCommit(500);
    const rows = rowsOf(recordsOf(buffer));
    expect(rows.map(({ operation, sequence }) => [operation, sequence.slice(9)])).toEqual([
      ['UPDATE', '0000000301'],
      ['UPDATE', '0000000303'],
      ['DELETE', '0000000400'],
    ]);
    expect(rows[0]).toMatchObject({ before: { v: 'a' }, after: { v: 'b' } });
    expect(rows[2]).toMatchObject({ before: { id: 1, v: 'b' }, after: null });
    expect(rows.map(({ metadata }) => metadata.event_index)).toEqual([1, 3, 4]);
  });

  test('a key change is the DELETE of the old key and the INSERT of the new, linked by headers', () => {
    const { stream, buffer } = streamOf({ tombstones: true });
    begin(stream, 200);
    const change = [
      ['1', '"a"'],
      ['9', '"b"'],
    ] as const;
    const same = [
      ['2', '"a"'],
      ['2', '"b"'],
    ] as const;
    stream.onRows(rowsEvent({ table: ORDERS, operation: 'UPDATE', start: 300, rows: [change, same] }));
    stream.onCommit(500);
    const records = recordsOf(buffer).filter(
      ({ topic, key }) => topic === 'p.shop.orders' && key.startsWith('{"id"'),
    );
    const [gone] = records.filter(({ key, value }) => key === '{"id":1}' && value !== null);
    const [come] = records.filter(({ key }) => key === '{"id":9}');
    expect(gone?.headers).toEqual({
      operation: 'DELETE',
      sequence: '0010000020000000300',
      schema: 'row/1/1',
      new_key: '{"id":9}',
    });
    expect(come?.headers).toMatchObject({
      operation: 'INSERT',
      sequence: '0010000020000000301',
      old_key: '{"id":1}',
    });
    expect(JSON.parse(come?.value ?? '')).toMatchObject({
      payload: { operation: 'INSERT', key: { id: 9 }, before: null, after: { id: 9, v: 'b' } },
    });
    const tombstones = records.filter(({ value }) => value === null);
    expect(tombstones.map(({ key }) => key)).toEqual(['{"id":1}']);
    expect(records.find(({ key }) => key === '{"id":2}')?.headers['operation']).toBe('UPDATE');
  });

  test('images of tables that are not captured count, and leave nothing', () => {
    const { stream, buffer } = streamOf();
    const other = tableMap({ tableId: 2, database: 'crm', table: 'people' });
    begin(stream, 200, null, other);
    stream.onTableMap(ORDERS);
    const rows = Array.from({ length: 400 }, (_, id) => [String(id), '""']);
    stream.onRows(rowsEvent({ table: other, operation: 'INSERT', start: 300, rows }));
    stream.onRows(insert(310, 7));
    stream.onCommit(500);
    expect(rowsOf(recordsOf(buffer))).toMatchObject([
      { sequence: '0010000020000000700', metadata: { event_index: 400 } },
    ]);
  });

  test('a version is announced in every partition and in the history before its first row', () => {
    const { stream, buffer, registry } = streamOf();
    begin(stream, 200);
    stream.onRows(insert(300, 1));
    const records = recordsOf(buffer);
    expect(controls(records, 'schema').map(({ partition }) => partition)).toEqual([0, 1, 2]);
    expect(records[0]).toMatchObject({ topic: 'p.sluice.schema-history', key: 'shop.orders' });
    for (const { value } of controls(records, 'schema'))
      expect(envelopeSchema.parse(JSON.parse(value ?? ''))).toMatchObject({ payload: { change: 'create' } });
    expect(registry.find('shop', 'orders')).toMatchObject({ version: 1, keyColumns: ['id'] });
  });
});

describe('a reading that begins within a transaction', () => {
  const resume = {
    floor: 10,
    publishedThrough: { fileNumber: 2, offset: 301 },
    highest: '0010000020000000301',
  };

  test('drops what was published, and nothing of the next transaction', () => {
    const { stream, buffer } = streamOf({ resume });
    begin(stream, 200);
    stream.onRows(insert(300, 1, 2, 3));
    expect(stream.place.highest).toBe('0010000020000000302');
    stream.onCommit(500);
    begin(stream, 501);
    stream.onRows(insert(600, 4));
    stream.onCommit(700);
    expect(rowsOf(recordsOf(buffer)).map(({ key }) => key)).toEqual([{ id: 3 }, { id: 4 }]);
  });

  test('never says that less was published than there was', () => {
    const { stream } = streamOf({ resume });
    begin(stream, 200);
    stream.onRows(insert(300, 1));
    expect(stream.place.highest).toBe('0010000020000000301');
    expect(stream.transaction.floorAtStart).toBe(10);
  });

  test('tells a chunk of the rows that it drops: its SELECT may not have seen them', () => {
    const { stream, routes } = streamOf({ resume });
    begin(stream, 200);
    const recorder = new ChunkRecorder();
    const route = routes.byName('shop', 'orders');
    if (route !== null) route.recorder = recorder;
    stream.onRows(insert(300, 1));
    recorder.compareWith(['{"id":1}', '{"id":2}']);
    expect([recorder.isCurrent('{"id":1}'), recorder.isCurrent('{"id":2}')]).toEqual([false, true]);
  });
});

describe('what cannot be published', () => {
  test('rows without column names', () => {
    const { stream } = streamOf();
    expect(() => begin(stream, 200, null, tableMap({ fullMetadata: false }))).toThrow(
      expect.objectContaining({ code: 'BINLOG_METADATA_NOT_FULL' }),
    );
  });

  test.each([
    ['INSERT INTO orders VALUES (1)', 'shop.orders', true],
    ['INSERT INTO crm.people VALUES (f(1))', 'crm.people', false],
    ['UPDATE a JOIN b SET a.x = 1', null, false],
  ])('%s as a statement leaves %s in doubt', (sql, id, isAlone) => {
    const { stream, work } = streamOf();
    statement(stream, sql, 200);
    const [doubt] = workOf(work, 'doubt').map((one) => one.doubt);
    const table = doubt?.kind === 'statement' ? doubt.table : undefined;
    expect(table === null ? null : `${table?.database}.${table?.table}`).toBe(id);
    expect(doubt).toMatchObject({ kind: 'statement', isAlone });
  });

  test('a DELETE of all rows that may yet be rolled back empties nothing', () => {
    const { stream, work, buffer } = streamOf({ registry: registryOf('orders') });
    begin(stream, 200);
    stream.onQuery(query({ sql: 'DELETE FROM orders', start: 300, end: 340, closes: false }));
    expect(controls(recordsOf(buffer), 'truncate')).toEqual([]);
    expect(work.waiting).toMatchObject([
      { kind: 'doubt', doubt: { kind: 'statement', table: { table: 'orders' } } },
    ]);
  });
});

describe('the place in the binlog', () => {
  test('a file has its own birthday: that of the file before is forgotten at the rotation', () => {
    const { stream } = streamOf();
    stream.onFormat({ createdAt: 100 });
    stream.onRotate('binlog.000003', 4);
    expect(stream.place.fileCreatedAt).toBe(0);
    stream.onFormat({ createdAt: 200 });
    expect(stream.place.fileCreatedAt).toBe(200);
  });

  test('the same name with another birthday is another file', () => {
    const { stream } = streamOf({ resume: { fileCreatedAt: 100 } });
    expect(stream.place.fileCreatedAt).toBe(100);
    stream.onRotate('binlog.000001', 4);
    stream.onFormat({ createdAt: 50 });
    stream.onRotate(FILE, 4);
    expect(() => stream.onFormat({ createdAt: 101 })).toThrow(
      expect.objectContaining({ code: 'SOURCE_DIVERGED' }),
    );
  });

  test('heartbeats move it forward, never back and never within a transaction', () => {
    const { stream } = streamOf();
    stream.onHeartbeat(FILE, 300);
    expect([stream.place.position.position, stream.atTip]).toEqual([300, true]);
    stream.onHeartbeat(FILE, 200);
    stream.onHeartbeat('binlog.000001', 900);
    expect(stream.place.position).toEqual({ file: FILE, position: 300 });
    begin(stream, 300);
    stream.onHeartbeat(FILE, 400);
    expect([stream.place.position.position, stream.atTip]).toEqual([300, false]);
  });

  test('GTIDs are lost by a transaction without one, and known again at the begin of a file', () => {
    const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
    const { stream } = streamOf({ gtidSet: `${uuid}:1-4` });
    begin(stream, 300, `${uuid}:5`);
    stream.onCommit(400);
    stream.onPreviousGtids(`${uuid}:1-2`);
    expect(stream.gtidSet).toBe(`${uuid}:1-5`);
    begin(stream, 400);
    stream.onCommit(500);
    expect(stream.gtidSet).toBeNull();
    stream.onRotate('binlog.000003', 4);
    stream.onPreviousGtids(null);
    begin(stream, 200, `${uuid}:9`);
    stream.onCommit(300);
    expect(stream.gtidSet).toBeNull();
    stream.onRotate('binlog.000004', 4);
    stream.onPreviousGtids(`${uuid}:1-9`);
    begin(stream, 200, `${uuid}:10`);
    stream.onCommit(300);
    begin(stream, 300, `${uuid}:11`);
    stream.onCommit(400);
    expect(stream.gtidSet).toBe(`${uuid}:1-11`);
  });

  test.each(['', '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-9'])(
    'a server that writes no GTIDs begins its files with "%s": none are known',
    (before) => {
      const { stream } = streamOf();
      stream.onRotate('binlog.000003', 4);
      stream.onPreviousGtids(before);
      expect(stream.gtidSet).toBeNull();
      begin(stream, 200);
      stream.onCommit(300);
      expect(stream.gtidSet).toBeNull();
      begin(stream, 300, '3e11fa47-71ca-11e1-9e33-c80aa9429562:10');
      stream.onCommit(400);
      expect(stream.gtidSet).toBeNull();
    },
  );

  test('what was written before a file is not what was written before a place within it', () => {
    const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
    const { stream } = streamOf();
    stream.onRotate('binlog.000003', 900);
    stream.onPreviousGtids(`${uuid}:1-9`);
    begin(stream, 900, `${uuid}:12`);
    stream.onCommit(950);
    expect(stream.gtidSet).toBeNull();
  });

  test('what a SELECT must see: every transaction that was read, an open one included', () => {
    const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
    const { stream } = streamOf({ gtidSet: `${uuid}:1-4` });
    stream.onHeartbeat(FILE, 250);
    // A heartbeat may name the end of something that is no transaction, and never becomes visible.
    expect(stream.progress.position).toEqual({ file: FILE, position: 4 });
    begin(stream, 300, `${uuid}:5`);
    expect(stream.progress).toEqual({
      gtidSet: `${uuid}:1-4,${uuid}:5`,
      position: { file: FILE, position: 301 },
    });
    stream.onCommit(500);
    expect(stream.progress).toEqual({ gtidSet: `${uuid}:1-5`, position: { file: FILE, position: 500 } });
    // `gtid_mode` is on its way: no set holds what is open now.
    begin(stream, 600);
    expect(stream.progress).toEqual({ gtidSet: null, position: { file: FILE, position: 601 } });
  });

  test('rows of a chunk are numbered by its mark, but never below what the stream has given out', () => {
    const { stream } = streamOf();
    begin(stream, 200);
    stream.onRows(insert(300, 1, 2, 3));
    stream.onCommit(301);
    expect(stream.place.snapshotSequence({ file: FILE, position: 301 })).toEqual({
      prefix: '001000002',
      offset: 302,
    });
    expect(stream.place.snapshotSequence({ file: FILE, position: 900 }).offset).toBe(900);
    stream.onRotate('binlog.000003', 4);
    expect(stream.place.snapshotSequence({ file: FILE, position: 900 })).toEqual({
      prefix: '001000003',
      offset: 0,
    });
  });
});

test('a snapshot begins above all rows before it, and changes no number of what follows', () => {
  const { stream } = streamOf();
  begin(stream, 200);
  stream.onRows(insert(300, 1));
  stream.onCommit(400);
  const earlier = stream.place.snapshotSequence({ file: FILE, position: 400 });
  const since = stream.place.beginSnapshot();
  expect(since > formatSequence(1, 2, earlier.offset)).toBe(true);
  const own = stream.place.snapshotSequence({ file: FILE, position: 400 });
  expect(formatSequence(1, 2, own.offset)).toBe(since);
  begin(stream, 400);
  stream.onRows(insert(500, 2));
  expect(stream.place.sequence.floor).toBe(500);
});

test('a captured table without a topic waits; one that was renamed to a captured name is told', () => {
  const { stream, work } = streamOf({ registry: registryOf() });
  begin(stream, 200);
  expect(stream.mustSettleTables).toBe(true);
  expect(workOf(work, 'unknown-map').map(({ map }) => map.table)).toEqual(['orders']);
  const { stream: other, work: renamed } = streamOf();
  statement(other, 'RENAME TABLE crm.a TO orders, orders TO crm.b', 200);
  expect(other.mustSettleTables).toBe(true);
  expect(workOf(renamed, 'renamed')).toEqual([
    { kind: 'renamed', table: { database: 'shop', table: 'orders' } },
  ]);
});

test('a DDL makes every chunk that is being read worthless', () => {
  const { stream, routes } = streamOf();
  begin(stream, 200);
  stream.onCommit(300);
  const recorder = new ChunkRecorder();
  const route = routes.byName('shop', 'orders');
  if (route !== null) route.recorder = recorder;
  statement(stream, 'ALTER TABLE crm.people ADD x INT', 300);
  expect(recorder.disturbed).toBe(true);
});
