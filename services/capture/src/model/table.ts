import type { Column } from '@sluice/binlog';
import { tableId, type SchemaColumn, type TableName, type TopicRouting } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { PUBLISH_AS_IS, type TablePublication } from './publication.ts';

export interface TableSchema extends TableName {
  readonly columns: readonly SchemaColumn[];
  /** Names of the key columns in key order. */
  readonly keyColumns: readonly string[];
  /** Generated columns whose values the binlog does not always tell: they are not published. Absent: none. */
  readonly leftOut?: readonly string[];
}

/** One version of a captured table as it is published, and where its rows go. */
export interface CapturedTable extends TableName {
  /** As they are published. */
  readonly columns: readonly SchemaColumn[];
  /** Published names of the key columns in key order. */
  readonly keyColumns: readonly string[];
  readonly schema: TableSchema;
  readonly publication: TablePublication;
  /** Starts at 1 and rises by one with each change of schema. */
  readonly version: number;
  /** Places of the key columns in a row image, in key order. */
  readonly keyOrdinals: readonly number[];
  readonly partitions: number;
  readonly place: TablePlace;
}

/** Where the records of one table go, and what tells them from those of other tables there. */
export interface TablePlace {
  /** Of its rows; of one that has a topic for each operation, what the names of these begin with. */
  readonly topic: string;
  /** All of its topics: control records go to each. */
  readonly topics: readonly string[];
  readonly splitsOperations: boolean;
  /** Members of JSON that stand in front of the key columns in its record keys; '' where the topic is its own. */
  readonly keyMembers: string;
}

/** Of a table that has its topic for itself. */
export function ownTopic(topic: string): TablePlace {
  return { topic, topics: [topic], splitsOperations: false, keyMembers: '' };
}

/** Throws CONFIG_INVALID when a name would be longer than Kafka allows. */
export function tablePlace(routing: TopicRouting, database: string, table: string): TablePlace {
  try {
    return {
      topic: routing.topicOf(database, table),
      topics: routing.topicsOf(database, table),
      splitsOperations: routing.splitsOperations,
      keyMembers: routing.keyMembers(database, table),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const id = tableId(database, table);
    throw new PipelineError(
      'CONFIG_INVALID',
      `Table ${id} gets no topic: ${error.message}, or exclude the table by source.excludeTables.`,
      { cause: error, context: { table: id } },
    );
  }
}

export function schemaColumns(columns: readonly Column[]): readonly SchemaColumn[] {
  return columns.map(({ name, sqlType, nullable, charset }) => ({ name, type: sqlType, nullable, charset }));
}

/** Two schemas with equal text are the same version. */
export function schemaText(schema: TableSchema): string {
  return JSON.stringify([
    schema.columns.map(({ name, type, nullable, charset }) => [name, type, nullable, charset]),
    schema.keyColumns,
    schema.leftOut ?? [],
  ]);
}

/**
 * Throws TABLE_WITHOUT_KEY when the schema has no usable key.
 * @param publication what the settings make of this schema
 */
export function captureTable(
  schema: TableSchema,
  version: number,
  place: TablePlace,
  partitions: number,
  publication: TablePublication = PUBLISH_AS_IS,
): CapturedTable {
  const names = schema.columns.map((column) => column.name);
  const keyOrdinals = schema.keyColumns.map((name) => names.indexOf(name));
  if (keyOrdinals.length === 0 || keyOrdinals.includes(-1)) {
    const id = tableId(schema.database, schema.table);
    throw new PipelineError(
      'TABLE_WITHOUT_KEY',
      `Table ${id} has no primary key and no key is configured for it: add a primary key, name a NOT NULL unique index under source.keys["${id}"], or exclude the table by source.excludeTables.`,
      { context: { table: id } },
    );
  }
  const { database, table } = schema;
  const columns = publication.plan?.columns.map(({ column }) => column) ?? schema.columns;
  const keyColumns = publication.plan?.keyColumns ?? schema.keyColumns;
  return {
    database,
    table,
    columns,
    keyColumns,
    schema,
    publication,
    version,
    keyOrdinals,
    partitions,
    place,
  };
}
