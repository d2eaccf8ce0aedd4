import type { SchemaColumn } from '@sluice/envelope';
import type { Delivery } from '@sluice/sink-kit';
import { TestTopic } from '@sluice/sink-kit/testing';
import type { MysqlSink } from '../src/mysql-sink.ts';

export const text = (name: string): SchemaColumn => ({
  name,
  type: 'varchar(40)',
  nullable: true,
  charset: 'utf8mb4',
});
export const id: SchemaColumn = { name: 'id', type: 'int', nullable: false, charset: null };

/** A topic of a table of the database `shop`. */
export function topicOf(
  table: string,
  columns: readonly SchemaColumn[],
  keyColumns = ['id'],
  partition = 0,
): TestTopic {
  return new TestTopic({ database: 'shop', table, columns, keyColumns, partition });
}

/** What became of each record: the code of its error, where it has one. */
export async function write(sink: MysqlSink, ...batch: Delivery[]): Promise<string[]> {
  const outcomes = await sink.write(batch, new AbortController().signal);
  return outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.error.code : outcome.kind));
}
