import type { SchemaColumn } from '@sluice/envelope';
import { quoteIdentifier, type ColumnRow, type Flavour, type TableDescription } from '@sluice/mysql';
import { columnDefinition, SEQUENCE_COLUMN, type TableShape } from './table-definition.ts';
import { typeName } from './mysql-mapper.ts';
import { holds } from './type-widening.ts';

/** Types of MariaDB that a MySQL target holds as text: nothing of the target's own type can be compared with them. */
const TEXT_ON_MYSQL = new Set(['uuid', 'inet4', 'inet6']);

/** Clauses of ALTER TABLE, by when they may be applied. */
export interface TargetChanges {
  /** At first sight: every row of the older shape still fits. */
  readonly widened: readonly string[];
  /** When no partition has rows of the older shape any more; until then rows of the newer one wait. */
  readonly retyped: readonly string[];
  /**
   * Instead of `retyped` where a value does not convert: it is not the source's, whose own ALTER converted all of its. The
   * column is empty until the table is read again, which follows every ALTER. Not for columns of the key.
   */
  readonly replaced: readonly string[];
  /** As `retyped`; but no row waits for it. */
  readonly dropped: readonly string[];
}

/** How the types of a target table come to be those of the source. Columns that are missing are not its matter. */
export function targetChanges(table: TableDescription, shape: TableShape, flavour: Flavour): TargetChanges {
  const wanted = new Map(shape.columns.map((column) => [column.name, column]));
  const changes = {
    widened: [] as string[],
    retyped: [] as string[],
    replaced: [] as string[],
    dropped: [] as string[],
  };
  for (const column of table.columns) {
    const { COLUMN_NAME: name, GENERATION_EXPRESSION: expression } = column;
    if (name === SEQUENCE_COLUMN || expression) continue;
    const source = wanted.get(name);
    if (source === undefined) changes.dropped.push(`DROP COLUMN ${quoteIdentifier(name)}`);
    else noteType(changes, column, source, shape, flavour);
  }
  return changes;
}

function noteType(
  changes: Record<'widened' | 'retyped' | 'replaced', string[]>,
  column: ColumnRow,
  source: SchemaColumn,
  shape: TableShape,
  flavour: Flavour,
): void {
  if (flavour === 'mysql' && TEXT_ON_MYSQL.has(typeName(source.type))) return;
  const isKey = shape.keyColumns.includes(source.name);
  const nullable = source.nullable || column.IS_NULLABLE === 'YES';
  const defined = (type: string, isNullable: boolean): string =>
    columnDefinition({ ...source, type, nullable: isNullable && !isKey }, flavour, isKey);
  const clause = (type: string): string => `MODIFY COLUMN ${defined(type, nullable)}`;
  if (holds(column.COLUMN_TYPE, source.type)) {
    const isLooser = source.nullable && column.IS_NULLABLE === 'NO' && !isKey;
    if (isLooser) changes.widened.push(clause(column.COLUMN_TYPE));
  } else if (holds(source.type, column.COLUMN_TYPE)) changes.widened.push(clause(source.type));
  else {
    changes.retyped.push(clause(source.type));
    if (isKey) return;
    const name = quoteIdentifier(source.name);
    changes.replaced.push(`DROP COLUMN ${name}, ADD COLUMN ${defined(source.type, true)}`);
  }
}
