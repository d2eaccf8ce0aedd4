import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createShop } from '@sluice/sample-shop';
import {
  exactAfter,
  heartbeatTopic,
  schemaHistoryTopic,
  TopicRouting,
  type RowEnvelope,
  type SchemaEnvelope,
  type TruncateEnvelope,
} from '@sluice/envelope';
import type { TopicRecord } from '@sluice/kafka';
import { startStack } from '@sluice/local-stack';
import { Ajv2020 } from 'ajv/dist/2020.js';
import kafkajs from 'kafkajs';
import { beforeAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { readWithKafkajs } from '../harness/records/kafkajs-reader.ts';
import { fileScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { isRow, readEnvelopes, type EnvelopeRecord } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
const PARTITIONS = 3;
const schemaFile = join(import.meta.dirname, '../../packages/envelope/schema/envelope-v1.schema.json');
const validate = new Ajv2020({ strict: false }).compile(
  JSON.parse(readFileSync(schemaFile, 'utf8')) as Record<string, unknown>,
);

/** Every kind of change, after a snapshot; the last one is the sign that all has arrived. */
const CHANGES = [
  'CREATE TABLE notes_copy LIKE notes',
  'INSERT INTO notes_copy SELECT * FROM notes',
  "UPDATE notes SET revision = revision + 1 WHERE code LIKE 'memo%'",
  "DELETE FROM notes WHERE code LIKE 'with space%'",
  "UPDATE notes SET code = CONCAT('moved to ', code) WHERE code LIKE '100\\%%'",
  'UPDATE order_lines SET line = line + 50 WHERE order_id = 3 AND line = 1',
  "UPDATE exchange_rates SET rate = rate + 1 WHERE currency = 'EUR'",
  'TRUNCATE TABLE exchange_rates',
  "INSERT INTO exchange_rates VALUES ('EUR', 1, '2026-11-21 09:00:00')",
  'ALTER TABLE customers ADD COLUMN nickname VARCHAR(20) NULL',
  "UPDATE customers SET nickname = 'Ann', revision = revision + 1 WHERE id = 1",
  'DELETE FROM customers WHERE id = 2',
  "INSERT INTO markers (id, note) VALUES (77, 'end')",
];

/** The first rows of a new table in one compressed event with the table's description (MySQL compresses by session). */
const COMPRESSED: Readonly<Record<'mysql' | 'mariadb', readonly string[]>> = {
  mysql: [
    'SET SESSION binlog_transaction_compression = ON',
    'CREATE TABLE squeezed (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO squeezed VALUES (1), (2), (3)',
    'SET SESSION binlog_transaction_compression = OFF',
  ],
  mariadb: [
    'CREATE TABLE squeezed (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO squeezed VALUES (1), (2), (3)',
  ],
};

describe.each(['mysql', 'mariadb'] as const)('%s', (flavour) => {
  const scope = fileScope();
  let pipeline: CapturePipeline;
  let topics: Map<string, EnvelopeRecord[]>;
  let raw: Map<string, TopicRecord[]>;

  const rowsOf = (table: string): (EnvelopeRecord & { envelope: RowEnvelope })[] =>
    (topics.get(pipeline.topic(table)) ?? []).filter(
      (each): each is EnvelopeRecord & { envelope: RowEnvelope } => isRow(each.envelope),
    );
  const controlsOf = (table: string, operation: string): EnvelopeRecord[] =>
    (topics.get(pipeline.topic(table)) ?? []).filter(
      ({ record }) => header(record, 'operation') === operation,
    );
  const everything = (): EnvelopeRecord[] => [...topics.values()].flat();

  beforeAll(async () => {
    const database = await SourceDatabase.create(scope, stack[flavour], 'contract');
    const connection = await database.connect();
    const sizes = { customers: 20, products: 10, orders: 10, notes: 60 };
    await createShop(connection, { seed: 7, sizes, database: database.name });
    pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: { topics: { tombstones: true, partitions: PARTITIONS } },
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['customers', 'exchange_rates', 'markers', 'notes', 'products']);
    for (const change of [...COMPRESSED[flavour], ...CHANGES]) await connection.query(change);
    await pipeline.arrived(capture, 'markers', '{"id":77}');
    await capture.stop();
    const routing = new TopicRouting({ prefix: pipeline.name });
    const names = (await pipeline.topicNames()).filter((name) => routing.isDataTopic(name));
    topics = new Map();
    raw = new Map();
    for (const name of [...names, heartbeatTopic(pipeline.name)]) {
      topics.set(name, await readEnvelopes(pipeline.reader, name));
      const records: TopicRecord[] = [];
      await pipeline.reader.readTopic(name, {}, (record) => records.push(record));
      raw.set(name, records);
    }
  });

  test('every record validates against the JSON Schema', () => {
    const invalid = everything().filter(({ envelope }) => !validate(envelope));
    expect(invalid.slice(0, 3).map(({ key }) => key)).toEqual([]);
    expect(everything().length).toBeGreaterThan(300);
  });

  test('key, partition, topic and headers repeat what the envelope says', () => {
    const partitioner = kafkajs.Partitioners.DefaultPartitioner();
    const partitionMetadata = Array.from({ length: PARTITIONS }, (_, partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 1,
      replicas: [1],
      isr: [1],
    }));
    for (const { record, partition, key, envelope } of everything()) {
      const { type, version, table } = envelope.schema;
      expect(key).toBe(JSON.stringify(envelope.payload.key));
      expect(header(record, 'sequence')).toBe(envelope.payload.sequence);
      expect(header(record, 'schema')).toBe(`${type}/${version}/${table}`);
      if (!isRow(envelope)) continue;
      const { source, operation, before, after } = envelope.payload;
      expect(header(record, 'operation')).toBe(operation);
      expect(record.topic).toBe(pipeline.topic(source.table));
      expect(source).toMatchObject({ server: pipeline.name, database: pipeline.database.name });
      expect(source.snapshot).toBe(operation === 'SNAPSHOT');
      expect({ ...before, ...after }).toMatchObject(envelope.payload.key);
      const message = { key: record.key, value: record.value };
      expect(partition).toBe(partitioner({ topic: record.topic, partitionMetadata, message }));
    }
  });

  test('a key of two columns stands in the record key in key order', () => {
    expect(rowsOf('order_lines')[0]?.key).toMatch(/^\{"order_id":\d+,"line":\d+\}$/);
  });

  test('a key change is the end of one row and the beginning of another, linked by headers', () => {
    const moves = [...rowsOf('notes'), ...rowsOf('order_lines')].filter(({ record }) =>
      record.headers.has('new_key'),
    );
    const inserts = [...rowsOf('notes'), ...rowsOf('order_lines')];
    expect(moves.map(({ envelope }) => envelope.payload.operation)).toEqual(moves.map(() => 'DELETE'));
    expect(moves.length).toBeGreaterThan(3);
    for (const { record, key, envelope } of moves) {
      const born = inserts.find(({ record: other }) => header(other, 'old_key') === key);
      expect(born?.key).toBe(header(record, 'new_key'));
      expect(born?.envelope.payload.operation).toBe('INSERT');
      expect((born?.envelope.payload.sequence ?? '') > envelope.payload.sequence).toBe(true);
      expect(envelope.payload.after).toBeNull();
      expect(born?.envelope.payload.before).toBeNull();
    }
  });

  test('a truncate is in every partition, above the rows it removes and below those after it', () => {
    const truncates = controlsOf('exchange_rates', 'TRUNCATE') as (EnvelopeRecord & {
      envelope: TruncateEnvelope;
    })[];
    expect(truncates.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    const [sequence, ...others] = new Set(truncates.map(({ envelope }) => envelope.payload.sequence));
    expect(others).toEqual([]);
    const above = rowsOf('exchange_rates').filter(
      ({ envelope }) => envelope.payload.sequence > (sequence ?? ''),
    );
    expect(above.map(({ envelope }) => envelope.payload.after?.['rate'])).toEqual(['1.00000000']);
    expect(rowsOf('exchange_rates').length).toBeGreaterThan(18);
  });

  test('the columns of a version are told before its first row, in every partition and in the history', async () => {
    const announced = new Set<string>();
    for (const { record, partition, envelope } of everything()) {
      const version = `${record.topic}/${envelope.schema.table}/${partition}`;
      if (envelope.schema.type === 'schema') announced.add(version);
      if (isRow(envelope)) expect([...announced]).toContain(version);
    }
    // A snapshot's begin repeats what was told before.
    const versions = controlsOf('customers', 'SCHEMA')
      .map(({ envelope }) => envelope as SchemaEnvelope)
      .filter(({ schema }, index, all) => schema.table !== all[index - 1]?.schema.table);
    expect(versions.map(({ schema }) => schema.table)).toEqual([1, 2, 1, 2, 1, 2]);
    expect(versions[1]?.payload.change).toBe('additive');
    expect(versions[1]?.payload.keyColumns).toEqual(['id']);
    expect(versions[1]?.payload.columns.at(-1)).toEqual({
      name: 'nickname',
      type: 'varchar(20)',
      nullable: true,
      charset: 'utf8mb4',
    });
    const history: string[] = [];
    await pipeline.reader.readTopic(schemaHistoryTopic(pipeline.name), {}, ({ value }) => {
      const { table, version } = JSON.parse(String(value)) as { table: string; version: number };
      history.push(`${table}/${version}`);
    });
    const told =
      'customers/1 customers/2 exchange_rates/1 markers/1 notes/1 notes_copy/1 order_lines/1 orders/1 products/1 squeezed/1';
    expect(history.sort()).toEqual(told.split(' '));
  });

  test('a table that is made while capture streams has its topic before its first row', () => {
    expect(
      rowsOf('squeezed')
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['{"id":1}', '{"id":2}', '{"id":3}']);
  });

  test('heartbeats come, and never fall back', () => {
    const beats = topics.get(heartbeatTopic(pipeline.name)) ?? [];
    const sequences = beats.map(({ envelope }) => envelope.payload.sequence);
    expect(beats.every(({ record }) => header(record, 'operation') === 'HEARTBEAT')).toBe(true);
    expect(sequences.length).toBeGreaterThan(0);
    expect(sequences).toEqual([...sequences].sort());
  });

  test('with topics.tombstones each delete is followed by a null value of its key', () => {
    const records = raw.get(pipeline.topic('notes')) ?? [];
    const deletes = records.filter((record) => header(record, 'operation') === 'DELETE');
    expect(deletes.length).toBeGreaterThan(8);
    for (const record of deletes) {
      const next = records[records.indexOf(record) + 1];
      expect(next?.value).toBeNull();
      expect(next?.key).toEqual(record.key);
      expect(next?.partition).toBe(record.partition);
    }
  });

  test('a row read by the snapshot and the same row from the binlog are the same text', () => {
    const textOf = ({ record }: EnvelopeRecord): string => exactAfter(record.value ?? Buffer.alloc(0)) ?? '';
    const bySnapshot = rowsOf('notes').filter(({ envelope }) => envelope.payload.operation === 'SNAPSHOT');
    const byStream = new Map(rowsOf('notes_copy').map((each) => [each.key, textOf(each)]));
    expect(bySnapshot).toHaveLength(60);
    for (const each of bySnapshot) expect(textOf(each)).toBe(byStream.get(each.key));
  });

  test('a kafkajs consumer reads the same keys, values and headers as text', async () => {
    const topic = pipeline.topic('notes');
    const expected = (raw.get(topic) ?? []).map(
      ({ partition, key, value, headers }) =>
        `${partition} ${String(key)} ${String(value)} ${String(headers.get('operation'))}`,
    );
    const messages = await readWithKafkajs(scope, stack.kafka.brokers, topic, expected.length);
    const found = messages.map(
      ({ partition, message: { key, value, headers } }) =>
        `${partition} ${String(key)} ${String(value)} ${String(headers?.['operation'])}`,
    );
    expect(found.sort()).toEqual(expected.sort());
    expect(found.some((text) => text.includes('メモ'))).toBe(true);
  });
});

function header({ headers }: TopicRecord, name: string): string | undefined {
  return headers.get(name)?.toString('utf8');
}
