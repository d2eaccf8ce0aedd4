import { ByteWriter } from '@sluice/binlog';
import { decodeEnvelope } from '@sluice/envelope';
import { partitionFor } from '@sluice/kafka';
import { VERSION } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { captureTable, ownTopic } from '../../src/model/table.ts';
import type { LinkHeader, RowGroup } from '../../src/encode/record-format.ts';
import { rowPartition } from '../../src/encode/row-partition.ts';
import { RowWriter } from '../../src/encode/row-writer.ts';
import { TableEncoder } from '../../src/encode/table-encoder.ts';
import { PUBLISH_AS_IS, type ValueImage } from '../../src/model/publication.ts';
import { bufferOf } from '../support/buffers.ts';
import { readRecords, type WrittenRecord } from '../support/read-records.ts';

const COLUMNS = ['id', 'näme'].map((name) => ({ name, type: 'int', nullable: false, charset: null }));
const SCHEMA = { database: 'shop', table: 'orders', columns: COLUMNS, keyColumns: ['id'] };
const encoder = new TableEncoder(captureTable(SCHEMA, 3, ownTopic('p.shop.orders'), 1), 'shop');
const GTID = '803541ea-e5a3-11f1-8bda-02fc00000001:308531';

const GROUP: RowGroup = {
  encoder,
  operation: 'INSERT',
  serverId: 11,
  committedAtMicros: 1_795_252_177_716_250,
  fileJson: '"binlog.000002"',
  offset: 53_760_842,
  gtid: GTID,
  sequencePrefix: '001000002',
  capturedAt: 1_795_252_177_720,
  traceparent: null,
};

/** An image whose values are JSON texts. */
function image(...values: readonly string[]): ValueImage {
  return {
    isNull: (column) => (values[column] ?? 'null') === 'null',
    write(column, out) {
      const text = Buffer.from(values[column] ?? 'null');
      out.reserve(text.length);
      out.position += text.copy(out.bytes, out.position);
    },
  };
}

interface Row {
  readonly before?: ValueImage;
  readonly after?: ValueImage;
  readonly index?: number;
  readonly offset?: number;
  readonly eventIndex?: number;
  readonly link?: LinkHeader;
}

class Written {
  readonly buffer = bufferOf();
  readonly writer: RowWriter;

  constructor(tombstones = false) {
    this.writer = new RowWriter({ tombstones });
  }

  group(group: Partial<RowGroup>, ...rows: readonly Row[]): this {
    this.writer.beginGroup({ ...GROUP, ...group });
    for (const {
      before = null,
      after = null,
      index = 0,
      offset = 53_760_842,
      eventIndex = 0,
      link,
    } of rows) {
      encoder.writeKey(after ?? before ?? image(), this.writer.key);
      this.writer.write(this.buffer, before, after, index, offset, eventIndex, link ?? null);
    }
    return this;
  }

  get records(): readonly WrittenRecord[] {
    return this.buffer.batches.flatMap(({ batch }) => readRecords(batch));
  }
}

test('rows with equal values of partitionBy are in one partition, whatever the rest of their keys and their table', () => {
  const schema = { ...SCHEMA, keyColumns: ['id', 'näme'] };
  const publication = { ...PUBLISH_AS_IS, partitionBy: ['näme'] };
  const partitionOf = (columns: string, of = publication): number => {
    const key = new ByteWriter(256);
    const text = Buffer.from(columns);
    key.reserve(text.length);
    key.position = text.copy(key.bytes);
    return rowPartition(captureTable(schema, 1, ownTopic('t'), 97, of), key, key);
  };
  const partitions = Array.from({ length: 50 }, (_, id) => partitionOf(`{"id":${id},"näme":"a,b"}`));
  expect(new Set(partitions).size).toBe(1);
  expect(partitionOf('{"x":{"näme":1},"näme":"a,b"}')).toBe(partitions[0]);
  expect(partitionOf('{"other":"a,b"}', { ...PUBLISH_AS_IS, partitionBy: ['other'] })).toBe(partitions[0]);
  expect(partitions[0]).toBe(partitionFor(Buffer.from('["a,b"]'), 0, 7, 97));
  const spread = Array.from({ length: 50 }, (_, id) => partitionOf(`{"id":1,"näme":${id}}`));
  expect(new Set(spread).size).toBeGreaterThan(25);
});

describe('a record', () => {
  test('of an update, whole', () => {
    const before = image('42', '"new"');
    const after = image('42', '"paid"');
    const [record] = new Written().group(
      { operation: 'UPDATE' },
      { before, after, index: 7, offset: 53_760_849, eventIndex: 9 },
    ).records;
    expect(record?.key).toBe('{"id":42}');
    expect(record?.headers).toEqual({
      operation: 'UPDATE',
      sequence: '0010000020053760849',
      schema: 'row/1/3',
    });
    expect(JSON.parse(record?.value ?? '')).toEqual({
      schema: { version: 1, type: 'row', table: 3 },
      payload: {
        source: {
          server: 'shop',
          serverId: 11,
          database: 'shop',
          table: 'orders',
          timestamp: 1_795_252_177_716.25,
          position: { file: 'binlog.000002', offset: 53_760_842, row: 7 },
          gtid: GTID,
          snapshot: false,
        },
        operation: 'UPDATE',
        sequence: '0010000020053760849',
        key: { id: 42 },
        before: { id: 42, näme: 'new' },
        after: { id: 42, näme: 'paid' },
        metadata: {
          connector: 'sluice',
          version: VERSION,
          transaction_id: GTID,
          event_index: 9,
          captured_at: 1_795_252_177_720,
        },
      },
    });
  });

  test.each([
    ['INSERT', null, { id: 1, näme: 2 }],
    ['DELETE', { id: 1, näme: 2 }, null],
    ['SNAPSHOT', null, { id: 1, näme: 2 }],
  ] as const)('of %s is an envelope with the images that there are', (operation, before, after) => {
    const one = image('1', '2');
    const images = operation === 'DELETE' ? { before: one } : { after: one };
    const [record] = new Written().group({ operation, gtid: null }, images).records;
    const { payload } = decodeEnvelope(Buffer.from(record?.value ?? ''));
    expect(payload).toMatchObject({ operation, before, after, key: { id: 1 } });
    expect(payload.source).toMatchObject({ gtid: null, snapshot: operation === 'SNAPSHOT' });
    expect(payload.metadata.transaction_id).toBeNull();
    expect(record?.headers['operation']).toBe(operation);
  });
});

test('groups of different tables, servers, files and transactions do not mix', () => {
  const after = image('1', '2');
  const other = '803541ea-e5a3-11f1-8bda-02fc00000001:9';
  const { records } = new Written()
    .group({}, { after }, { after, index: 1, offset: 53_760_843, eventIndex: 1 })
    .group({ gtid: other, serverId: 12, committedAtMicros: 1_795_252_177_000_000 }, { after, offset: 7 })
    .group(
      { fileJson: '"b.1000000"', sequencePrefix: '002999999', offset: 4, gtid: null },
      { after, offset: 9_999_999_999 },
    )
    .group({}, { after });
  const facts = records.map(({ value, headers }) => {
    const { source, sequence, metadata } = decodeEnvelope(Buffer.from(value ?? '')).payload;
    expect(sequence).toBe(headers['sequence']);
    const { position, serverId, timestamp } = source;
    return [
      sequence,
      position.file,
      position.offset,
      position.row,
      serverId,
      timestamp,
      metadata.transaction_id,
    ];
  });
  expect(facts).toEqual([
    ['0010000020053760842', 'binlog.000002', 53_760_842, 0, 11, 1_795_252_177_716.25, GTID],
    ['0010000020053760843', 'binlog.000002', 53_760_842, 1, 11, 1_795_252_177_716.25, GTID],
    ['0010000020000000007', 'binlog.000002', 53_760_842, 0, 12, 1_795_252_177_000, other],
    ['0029999999999999999', 'b.1000000', 4, 0, 11, 1_795_252_177_716.25, null],
    ['0010000020053760842', 'binlog.000002', 53_760_842, 0, 11, 1_795_252_177_716.25, GTID],
  ]);
});

describe('the trace that a row is part of', () => {
  const OF_STATEMENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const OF_ROW = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`;
  const traced = new TableEncoder(
    captureTable(SCHEMA, 3, ownTopic('p.shop.orders'), 1, { ...PUBLISH_AS_IS, traceColumn: 1 }),
    'shop',
  );
  const rowOf = (value: string): Row => ({ after: image('1', value) });

  function headersOf(group: Partial<RowGroup>, ...rows: readonly Row[]): readonly (string | undefined)[] {
    return new Written().group(group, ...rows).records.map(({ headers }) => headers['traceparent']);
  }

  test('is a header, of the statement', () => {
    expect(headersOf({ traceparent: OF_STATEMENT }, rowOf('1'), rowOf('2'))).toEqual([
      OF_STATEMENT,
      OF_STATEMENT,
    ]);
    expect(headersOf({}, rowOf(`"${OF_ROW}"`))).toEqual([undefined]);
  });

  test('is that of the column where a row has one, the new image of an update', () => {
    const rows = [
      rowOf(`"${OF_ROW}"`),
      rowOf('null'),
      rowOf('"no trace"'),
      rowOf(`"${OF_ROW.replace('c', 'C')}"`),
      { before: image('1', `"${OF_ROW}"`), after: image('1', '""') },
      { before: image('1', `"${OF_ROW}"`) },
    ];
    const expected = [OF_ROW, OF_STATEMENT, OF_STATEMENT, OF_STATEMENT, OF_STATEMENT, OF_ROW];
    expect(headersOf({ encoder: traced, traceparent: OF_STATEMENT }, ...rows)).toEqual(expected);
    expect(headersOf({ encoder: traced }, ...rows)).toEqual(
      expected.map((text) => (text === OF_ROW ? OF_ROW : undefined)),
    );
  });

  test('of a snapshot is none: it has ended long ago', () => {
    expect(headersOf({ encoder: traced, operation: 'SNAPSHOT' }, rowOf(`"${OF_ROW}"`))).toEqual([undefined]);
  });

  test('stands beside a link, and the other headers are what they were', () => {
    const key = new ByteWriter(64);
    encoder.writeKey(image('7'), key);
    const link = { name: Buffer.from('new_key'), key };
    const [record] = new Written().group({ traceparent: OF_STATEMENT }, { ...rowOf('1'), link }).records;
    expect(record?.headers).toEqual({
      operation: 'INSERT',
      sequence: '0010000020053760842',
      schema: 'row/1/3',
      new_key: '{"id":7}',
      traceparent: OF_STATEMENT,
    });
  });

  test('is noted once for all its records of a topic, and taken back with them', () => {
    const written = new Written();
    const mark = { mark: 0, rows: 0 };
    written.group({ traceparent: OF_STATEMENT }, rowOf('1'), rowOf('2'));
    written.buffer.note(mark, false);
    for (const id of ['3', '4'])
      written.group({ traceparent: OF_ROW }, rowOf(id)).group({ traceparent: OF_STATEMENT }, rowOf(id));
    const runs = (): unknown =>
      written.buffer.traces.map(({ traceparent, records }) => [traceparent, records]);
    expect(runs()).toEqual([
      [OF_STATEMENT, 2],
      [OF_ROW, 2],
      [OF_STATEMENT, 2],
    ]);
    expect(written.buffer.undo(mark)).toBe(true);
    expect(runs()).toEqual([[OF_STATEMENT, 2]]);
    written.buffer.clear();
    expect(runs()).toEqual([]);
  });
});

test('a link to the other half of a key change is a fourth header', () => {
  const key = new ByteWriter(64);
  encoder.writeKey(image('43'), key);
  const link = { name: Buffer.from('new_key'), key };
  const [record] = new Written().group({ operation: 'DELETE' }, { before: image('42', '1'), link }).records;
  expect(record?.headers).toEqual({
    operation: 'DELETE',
    sequence: '0010000020053760842',
    schema: 'row/1/3',
    new_key: '{"id":43}',
  });
});

test('a tombstone follows a delete where they are asked for', () => {
  const row = { before: image('42', '1') };
  const { records, buffer } = new Written(true).group({ operation: 'DELETE' }, row);
  expect(records.map(({ key, value }) => [key, value === null])).toEqual([
    ['{"id":42}', false],
    ['{"id":42}', true],
  ]);
  expect(records[1]?.headers).toEqual({});
  expect(buffer.rows).toBe(1);
});

test('values and keys of any size keep a record whole', () => {
  const written = new Written();
  const rows = [1, 60, 100, 8000, 70_000].map((length) => ({
    after: image(`"${'k'.repeat(length)}"`, `"${'v'.repeat(length)}"`),
  }));
  const { records } = written.group({}, ...rows);
  const lengths = records.map(({ key, value }) => {
    const { id } = JSON.parse(key) as { id: string };
    const { payload } = JSON.parse(value ?? '') as { payload: { after: { näme: string } } };
    return [id.length, payload.after.näme.length];
  });
  expect(lengths).toEqual([1, 60, 100, 8000, 70_000].map((length) => [length, length]));
});
