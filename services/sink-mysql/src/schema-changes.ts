import type { SchemaColumn } from '@sluice/envelope';
import { quoteIdentifier, type ColumnRow, type Flavour, type TableDescription } from '@sluice/mysql';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { fittingColumn, type ValueSpace } from './fitting-column.ts';
import { KeyChange } from './key-change.ts';
import {
  columnDefinition,
  foldName,
  nullableDefinition,
  onFlavour,
  type TableSchema,
} from './table-definition.ts';

/** Clauses of ALTER TABLE, by when they may be applied. */
export interface TargetChanges {
  /** At first sight: every row of the older schema still fits. */
  readonly widened: readonly string[];
  /** When no partition has rows of the older schema any more; until then rows of the newer one wait. */
  readonly retyped: readonly string[];
  /**
   * Instead of `retyped` where a value converts by no means: it is not the source's, whose own ALTER converted all of its. The
   * column is empty until the table is read again, which follows every ALTER. Empty where a column of the key is concerned.
   */
  readonly replaced: readonly string[];
  /** As `retyped`; but no row waits for it. */
  readonly dropped: readonly string[];
  /** Instead of `dropped` where columns stay: those that leave the key may be NULL from now on. */
  readonly kept: readonly string[];
  /** `retyped` gives the rows another key. */
  readonly rekeys: boolean;
}

type Clauses = { -readonly [kind in Exclude<keyof TargetChanges, 'rekeys'>]: string[] };

interface Target {
  readonly flavour: Flavour;
  /** MariaDB: columns of its type JSON, which are texts that are checked. */
  readonly jsonColumns: ReadonlySet<string>;
  readonly key: KeyChange;
  readonly isKey: (name: string) => boolean;
}

/**
 * How the types, character sets and key of a target table come to be those of the source, and its columns to be spelled as
 * there. Columns that are missing are not its matter. Throws TARGET_TABLE_REFUSED for a key that no row can be found by.
 */
export function targetChanges(
  table: TableDescription,
  schema: TableSchema,
  flavour: Flavour,
  jsonColumns: ReadonlySet<string> = new Set(),
): TargetChanges {
  const key = new KeyChange(table, schema);
  const keyNames = new Set(schema.keyColumns.map(foldName));
  const target = { flavour, jsonColumns, key, isKey: (name: string) => keyNames.has(foldName(name)) };
  const wanted = new Map(schema.columns.map((column) => [foldName(column.name), column]));
  const changes: Clauses = { widened: [], retyped: [], replaced: [], dropped: [], kept: [] };
  for (const column of table.columns) {
    const { COLUMN_NAME: name, GENERATION_EXPRESSION: expression } = column;
    if (name === SEQUENCE_COLUMN || expression) continue;
    const source = wanted.get(foldName(key.newNameOf(name) ?? name));
    if (source === undefined) noteGone(changes, column, target);
    else noteColumn(changes, column, onFlavour(source, flavour), target);
  }
  changes.retyped.push(...key.clauses);
  if (key.isNeeded || schema.keyColumns.some((name) => key.renamesTo(name))) changes.replaced = [];
  return { ...changes, rekeys: key.isNeeded };
}

function noteGone(changes: Clauses, column: ColumnRow, { key }: Target): void {
  changes.dropped.push(`DROP COLUMN ${quoteIdentifier(column.COLUMN_NAME)}`);
  if (key.leaves(column.COLUMN_NAME)) changes.kept.push(`MODIFY COLUMN ${nullableDefinition(column)}`);
}

function noteColumn(changes: Clauses, column: ColumnRow, source: SchemaColumn, target: Target): void {
  const { key, flavour, jsonColumns } = target;
  const isKey = target.isKey(source.name);
  const old = quoteIdentifier(column.COLUMN_NAME);
  const nullable = !isKey && (source.nullable || column.IS_NULLABLE === 'YES');
  const verb = column.COLUMN_NAME === source.name ? 'MODIFY COLUMN' : `CHANGE COLUMN ${old}`;
  const clause = ({ type, charset }: ValueSpace): string =>
    `${verb} ${columnDefinition({ ...source, type, charset, nullable }, flavour, isKey)}`;
  const present = presentValues(column, jsonColumns);
  const fitting = key.joins(source.name) ? null : fittingColumn(present, source);
  if (fitting === null) {
    changes.retyped.push(clause(source));
    const empty = columnDefinition({ ...source, nullable: true }, flavour, isKey);
    if (!isKey) changes.replaced.push(`DROP COLUMN ${old}, ADD COLUMN ${empty}`);
    return;
  }
  if (key.newNameOf(column.COLUMN_NAME) !== undefined) {
    changes.retyped.push(clause(fitting));
    return;
  }
  const isLooser = nullable && column.IS_NULLABLE === 'NO';
  if (isLooser && key.leaves(source.name)) changes.retyped.push(clause(fitting));
  else if (isLooser || fitting !== present) changes.widened.push(clause(fitting));
  else if (column.COLUMN_NAME !== source.name)
    // MariaDB has RENAME COLUMN from 10.5.2 on (MariaDB manual, "ALTER TABLE").
    changes.widened.push(
      flavour === 'mysql' ? `RENAME COLUMN ${old} TO ${quoteIdentifier(source.name)}` : clause(present),
    );
}

function presentValues(column: ColumnRow, jsonColumns: ReadonlySet<string>): ValueSpace {
  const { COLUMN_NAME: name, COLUMN_TYPE: type, CHARACTER_SET_NAME: charset } = column;
  return jsonColumns.has(name) ? { type: 'json', charset: null } : { type, charset };
}
