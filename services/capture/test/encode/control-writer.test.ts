import { decodeEnvelope, envelopeSchema } from '@sluice/envelope';
import { expect, test } from 'vitest';
import {
  appendJson,
  writeHeartbeat,
  writeSchema,
  writeSnapshotMark,
  writeTruncate,
} from '../../src/encode/control-writer.ts';
import type { SourceInfo } from '../../src/encode/record-format.ts';
import type { PublishBuffer } from '../../src/encode/publish-buffer.ts';
import { captureTable, ownTopic, type TableSchema } from '../../src/model/table.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { bufferOf } from '../support/buffers.ts';

const schema: TableSchema = {
  database: 'shop',
  table: 'orders',
  columns: [
    { name: 'id', type: 'int', nullable: false, charset: null },
    { name: 'é"', type: 'varchar(9)', nullable: true, charset: 'utf8mb4' },
  ],
  keyColumns: ['id'],
};
const table = captureTable(schema, 3, ownTopic('p.shop.orders'), 2);
const point: SourceInfo = {
  server: 'shop',
  serverId: 11,
  file: 'binlog.000002',
  offset: 700,
  gtid: null,
  timestamp: 1_795_252_177_716.5,
  sequence: '0010000020000000700',
  capturedAt: 1_795_252_177_720,
};

type Write = (buffer: PublishBuffer) => void;
const cases: readonly [string, string, Write][] = [
  ['TRUNCATE', 'truncate/1/3', (buffer) => writeTruncate(buffer, table, point)],
  ['SCHEMA', 'schema/1/3', (buffer) => writeSchema(buffer, table, 'additive', point)],
  [
    'SNAPSHOT_BEGIN',
    'snapshot/1/3',
    (buffer) => writeSnapshotMark(buffer, table, { phase: 'begin', job: 'j', reconcile: true }, point),
  ],
  [
    'SNAPSHOT_END',
    'snapshot/1/3',
    (buffer) => writeSnapshotMark(buffer, table, { phase: 'end', job: 'j', reconcile: false }, point),
  ],
];

test.each(cases)('%s goes to every partition with one sequence', (operation, schema, write) => {
  const buffer = bufferOf();
  write(buffer);
  const records = recordsOf(buffer);
  expect(records.map(({ partition }) => partition)).toEqual([0, 1]);
  for (const { topic, key, value, headers } of records) {
    const [type] = schema.split('/');
    expect([topic, key]).toEqual(['p.shop.orders', `{"$sluice":"${type}"}`]);
    expect(headers).toEqual({ operation, sequence: point.sequence, schema });
    const envelope = envelopeSchema.parse(JSON.parse(value ?? ''));
    expect(decodeEnvelope(Buffer.from(value ?? ''))).toEqual(envelope);
    expect(envelope.payload.source).toMatchObject({
      database: 'shop',
      table: 'orders',
      timestamp: 1_795_252_177_716.5,
    });
  }
  expect(buffer.rows).toBe(0);
});

test('a heartbeat names no table', () => {
  const buffer = bufferOf();
  writeHeartbeat(buffer, 'p', point);
  const [record] = recordsOf(buffer);
  expect(record).toMatchObject({ topic: 'p.sluice.heartbeat', partition: 0, key: '{"$sluice":"heartbeat"}' });
  expect(envelopeSchema.parse(JSON.parse(record?.value ?? ''))).toMatchObject({
    schema: { type: 'heartbeat', table: 0 },
    payload: { source: { database: '', table: '', position: { offset: 700 } } },
  });
});

test('batches of our own topics stay below what a broker takes unasked, whatever the data topics take', () => {
  const buffer = bufferOf(50_000_000);
  for (let at = 0; at < 5; at++)
    appendJson(buffer, { topic: 'p.sluice.ddl', partition: 0 }, `k${at}`, 'ж'.repeat(100_000), 1, {});
  appendJson(buffer, { topic: 'p.sluice.ddl', partition: 0 }, 'large', 'x'.repeat(700_000), 1, {});
  appendJson(buffer, { topic: 'p.sluice.ddl', partition: 0 }, 'last', 'x', 1, {});
  expect(buffer.batches.map(({ batch }) => batch.count)).toEqual([2, 2, 1, 1, 1]);
  expect(recordsOf(buffer).map(({ key }) => key)).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'large', 'last']);
});
