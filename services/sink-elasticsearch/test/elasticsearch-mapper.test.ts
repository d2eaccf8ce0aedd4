import type { RowEnvelope } from '@sluice/envelope';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { describe, expect, test } from 'vitest';
import { itemErrorCode } from '../src/elasticsearch-errors.ts';
import {
  bulkLines,
  deletionLines,
  documentId,
  fieldLimit,
  fieldMapping,
  fieldMappings,
  indexName,
  liveAlias,
} from '../src/elasticsearch-mapper.ts';

const AT = '2026-11-21T09:05:34.233Z';

const topic = new TestTopic({
  database: 'shop',
  table: 'Orders',
  columns: [{ name: 'id', type: 'int', nullable: false, charset: null }],
  keyColumns: ['id'],
});
const row = { id: 42, status: 'paid' };
const sequence = sequenceAt(7);

const linesOf = (operation: RowEnvelope['payload']['operation']): unknown[] => {
  const text = bulkLines(topic.row({ operation, sequence, row }), AT);
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
};

describe('bulk lines', () => {
  test('a row is indexed with its sequence as the version, and carries it', () => {
    expect(linesOf('UPDATE')).toEqual([
      { index: { _id: '{"id":42}', version: sequence, version_type: 'external' } },
      { id: 42, status: 'paid', _sluice: { sequence } },
    ]);
  });

  test('a row of a snapshot may replace its equal', () => {
    expect(linesOf('SNAPSHOT')[0]).toEqual({
      index: { _id: '{"id":42}', version: sequence, version_type: 'external_gte' },
    });
  });

  test('a delete leaves a document that says so', () => {
    expect(linesOf('DELETE')).toEqual([
      { index: { _id: '{"id":42}', version: sequence, version_type: 'external' } },
      { _sluice: { deleted: true, sequence, at: AT } },
    ]);
    expect(deletionLines('{"id":42}', sequence, AT)).toBe(
      bulkLines(topic.row({ operation: 'DELETE', sequence, row }), AT),
    );
  });

  test('numbers inside JSON columns keep the text that capture wrote', () => {
    const delivery = topic.row({ operation: 'INSERT', sequence, row: { id: 1, doc: { n: 0 } } });
    const text = Buffer.from(delivery.value)
      .toString()
      .replaceAll('{"n":0}', '{"n":12345678901234567890.10}');
    const lines = bulkLines({ ...delivery, value: Buffer.from(text) }, AT);
    expect(lines).toContain('"doc":{"n":12345678901234567890.10}');
  });

  test('a row is one line, however its record was laid out', () => {
    const delivery = topic.row({ operation: 'INSERT', sequence, row: { id: 1, note: 'a\nb' } });
    const value = Buffer.from(JSON.stringify(delivery.envelope, null, 2).replaceAll('\n', '\r\n'));
    const [, source, ...rest] = bulkLines({ ...delivery, value }, AT).split('\n');
    expect(JSON.parse(String(source))).toEqual({ id: 1, note: 'a\nb', _sluice: { sequence } });
    expect(rest).toEqual(['']);
  });
});

describe('names', () => {
  test('an index is lower case, its alias shows the living', () => {
    expect(indexName('cdc-', 'Shop', 'Orders')).toBe('cdc-shop.orders');
    expect(indexName('', '_shop', 'we"ird, 100% #1')).toBe('%5fshop.we%22ird%2c%20100%25%20%231');
    expect(liveAlias('cdc-shop.orders')).toBe('cdc-shop.orders.live');
  });

  test('an id of up to 512 bytes is the key itself, a longer one its SHA-256', () => {
    const longest = `{"k":"${'é'.repeat(252)}"}`;
    expect(Buffer.byteLength(longest)).toBe(512);
    expect(documentId(longest)).toBe(longest);
    expect(documentId(longest.replace('{', '{ '))).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('fields', () => {
  test.each([
    ['int unsigned', 'long'],
    ['tinyint', 'integer'],
    ['bigint unsigned', 'long'],
    ['bit(8)', 'long'],
    ['decimal(12,2)', 'double'],
    ['float', 'float'],
    ['datetime(6)', 'date'],
    ['timestamp', 'date'],
    ['time(3)', 'keyword'],
    ['varchar(64)', 'text'],
    ["enum('a','b')", 'keyword'],
    ['varbinary(16)', 'binary'],
    ['inet6', 'ip'],
  ])('%s is a %s', (sqlType, type) => {
    expect(fieldMapping(sqlType).type).toBe(type);
  });

  test.each(['json', 'geometry', 'multipolygon', 'type_to_come(3)'])(
    '%s is stored and not indexed',
    (sqlType) => {
      expect(fieldMapping(sqlType)).toEqual({ type: 'object', enabled: false });
    },
  );

  test('text is searched by word, and whole up to what Lucene takes', () => {
    const mappings = fieldMappings([{ name: 'note', type: 'text', nullable: true, charset: 'utf8mb4' }]);
    expect(mappings).toEqual({
      note: { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 8191 } } },
    });
  });

  test('the limit counts multi-fields too', () => {
    expect(fieldLimit(1000)).toBe(2100);
  });
});

describe('errors of an item', () => {
  test.each([
    [400, 'document_parsing_exception', 'ELASTICSEARCH_DOCUMENT_REFUSED'],
    [404, 'index_not_found_exception', 'ELASTICSEARCH_INDEX_MISSING'],
    [403, 'cluster_block_exception', 'ELASTICSEARCH_UNAVAILABLE'],
    [403, 'security_exception', 'ELASTICSEARCH_AUTH'],
    [429, 'es_rejected_execution_exception', 'ELASTICSEARCH_BUSY'],
    [503, 'unavailable_shards_exception', 'ELASTICSEARCH_BUSY'],
    [400, 'exception_to_come', 'ELASTICSEARCH_DOCUMENT_UNKNOWN'],
    [418, undefined, 'ELASTICSEARCH_BUSY'],
  ] as const)('%i %s is %s', (status, type, code) => {
    expect(itemErrorCode(status, type)).toBe(code);
  });
});
