import type { Sequence } from '@sluice/envelope';
import type { TablePublication } from '../model/publication.ts';
import { schemaText, type CapturedTable, type TableSchema } from '../model/table.ts';
import { routingTextOf, type SchemaHistoryRecord } from './schema-history-record.ts';

/** Columns and key of a table, as they are published or as they are in the source. */
type Form = Pick<TableSchema, 'columns' | 'keyColumns'>;

/** One version of a table: what it is in the source, and what the settings made of it. */
export interface TableVersion {
  readonly version: number;
  /** From which on the version holds. */
  readonly sequence: Sequence;
  /** As it is in the source. */
  readonly schema: TableSchema;
  readonly published: Form;
  /** `ColumnPlan.text`; '' when all columns are published as they are. */
  readonly plan: string;
  /** Text of the row condition; '' when all rows are published. */
  readonly condition: string;
  /** How it was published, as `routingBy` tells it. */
  readonly routing: string;
  /** Made at the first use: only then the topic must exist. */
  captured: CapturedTable | null;
}

export function restoredVersion(record: SchemaHistoryRecord): TableVersion {
  const { version, sequence, source } = record;
  return {
    version,
    sequence,
    schema: source === undefined ? record : { ...record, ...source },
    published: record,
    plan: source?.plan ?? '',
    condition: source?.condition ?? '',
    routing: routingTextOf(record),
    captured: null,
  };
}

export function conditionText({ condition }: TablePublication): string {
  return condition?.text ?? '';
}

export function planText({ plan }: TablePublication): string {
  return plan?.text ?? '';
}

export function isOfSchema(version: Pick<TableVersion, 'schema'>, schema: TableSchema): boolean {
  return schemaText(version.schema) === schemaText(schema);
}

/** Whether the version was published by the settings that make this of its schema. */
export function isPublishedAs(
  { plan, condition }: Pick<TableVersion, 'plan' | 'condition'>,
  publication: TablePublication,
): boolean {
  return plan === planText(publication) && condition === conditionText(publication);
}

/** Columns and key that are published of a schema. */
export function publishedForm({ plan }: TablePublication, schema: TableSchema): Form {
  const columns = plan?.columns.map(({ column }) => column) ?? schema.columns;
  return { columns, keyColumns: plan?.keyColumns ?? schema.keyColumns };
}

/** Additive: every old column is still there as it was, and the key is the same. */
export function classifyChange(old: Form, form: Form): 'additive' | 'breaking' {
  const now = new Map(form.columns.map((column) => [column.name, column]));
  const kept = old.columns.every((column) => {
    const other = now.get(column.name);
    return (
      other?.type === column.type && other.nullable === column.nullable && other.charset === column.charset
    );
  });
  return kept && old.keyColumns.join('\0') === form.keyColumns.join('\0') ? 'additive' : 'breaking';
}
