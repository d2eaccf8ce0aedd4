import type { Row, SchemaColumn } from '@sluice/envelope';
import { TestTopic } from './test-topic.ts';

/** The table that every sink must be able to hold; its columns stand for the kinds of values. */
export const CONFORMANCE_DATABASE = 'sluice_conformance';
export const CONFORMANCE_TABLE = 'items';

const column = (
  name: string,
  type: string,
  nullable = true,
  charset: string | null = null,
): SchemaColumn => ({
  name,
  type,
  nullable,
  charset,
});

export const conformanceColumns: readonly SchemaColumn[] = [
  column('id', 'int unsigned', false),
  column('name', 'varchar(64)', true, 'utf8mb4'),
  column('quantity', 'int'),
  column('total', 'bigint'),
  column('price', 'decimal(12,2)'),
  column('payload', 'varbinary(64)'),
  column('seen_at', 'datetime(6)'),
  column('details', 'json'),
];

export function conformanceTopic(partition = 0): TestTopic {
  return new TestTopic({
    partition,
    database: CONFORMANCE_DATABASE,
    table: CONFORMANCE_TABLE,
    columns: conformanceColumns,
    keyColumns: ['id'],
  });
}

/** A full row; `version` makes two rows of one id differ. */
export function itemRow(id: number, version: number): Row {
  return {
    id,
    name: `item ${id} – v${version}`,
    quantity: version,
    total: '-9223372036854775808',
    price: '12.50',
    payload: 'AP8=',
    seen_at: '2026-11-21T09:05:34.233197',
    details: { version, tags: ['a', null, 1.5], text: 'Zürich' },
  };
}

export function nullRow(id: number): Row {
  const nulls = conformanceColumns.map(({ name }) => [name, null] as const);
  return { ...Object.fromEntries(nulls), id };
}
