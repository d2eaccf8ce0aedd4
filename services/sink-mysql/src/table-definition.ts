import type { SchemaColumn } from '@sluice/envelope';
import { quoteIdentifier, type ColumnRow, type Flavour, type TableDescription } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { typeName } from './mysql-mapper.ts';

export const SEQUENCE_COLUMN = '_sluice_sequence';
const SEQUENCE_DEFINITION = `\`${SEQUENCE_COLUMN}\` BIGINT NOT NULL DEFAULT 0 INVISIBLE`;

/** What a `schema` record says of a table. */
export interface TableShape {
  readonly columns: readonly SchemaColumn[];
  readonly keyColumns: readonly string[];
}

/** Types that MySQL does not have, by what holds their text. */
const ON_MYSQL: Readonly<Record<string, string>> = {
  uuid: 'char(36) CHARACTER SET ascii',
  inet4: 'varchar(15) CHARACTER SET ascii',
  inet6: 'varchar(39) CHARACTER SET ascii',
};

/** A prefix can be unique where the whole is not, and FLOAT has no literal that equals it. */
const NO_KEY = /^((tiny|medium|long)?(text|blob)|json|geom|point|linestring|polygon|multi|float|double)/;

/** The statement that creates a table; `target` is its quoted name. Throws as `tableDefinition`. */
export function createTable(target: string, shape: TableShape, flavour: Flavour): string {
  return `CREATE TABLE IF NOT EXISTS ${target} (\n  ${tableDefinition(shape, flavour)}\n) ENGINE=InnoDB`;
}

/** The definition between the parentheses of CREATE TABLE. Throws TARGET_TABLE_REFUSED for a key no row can be found by. */
export function tableDefinition(shape: TableShape, flavour: Flavour): string {
  const byName = new Map(shape.columns.map((column) => [column.name, column]));
  for (const name of shape.keyColumns) {
    const type = byName.get(name)?.type ?? 'missing';
    if (type !== 'missing' && !NO_KEY.test(type)) continue;
    throw new PipelineError(
      'TARGET_TABLE_REFUSED',
      `key column ${name} is ${type}: create the target table by hand`,
    );
  }
  const key = shape.keyColumns.map(quoteIdentifier).join(', ');
  const columns = shape.columns.map((column) =>
    columnDefinition(column, flavour, shape.keyColumns.includes(column.name)),
  );
  return [...columns, SEQUENCE_DEFINITION, `PRIMARY KEY (${key})`].join(',\n  ');
}

/**
 * Clauses of ALTER TABLE that let a table take rows of this shape: missing columns are added; a column that the source
 * no longer has may be NULL from now on. Nothing is dropped or retyped. Empty when nothing is to be done.
 */
export function additiveChanges(table: TableDescription, shape: TableShape, flavour: Flavour): string[] {
  const present = new Set(table.columns.map((column) => column.COLUMN_NAME));
  const wanted = new Set(shape.columns.map((column) => column.name));
  const added = shape.columns
    .filter((column) => !present.has(column.name))
    .map((column) => `ADD COLUMN ${columnDefinition(column, flavour, false)}`);
  const loosened = table.columns
    .filter(
      (column) =>
        !wanted.has(column.COLUMN_NAME) && column.COLUMN_NAME !== SEQUENCE_COLUMN && isDemanded(column),
    )
    .map((column) => `MODIFY COLUMN ${nullableDefinition(column)}`);
  const guard = present.has(SEQUENCE_COLUMN) ? [] : [`ADD COLUMN ${SEQUENCE_DEFINITION}`];
  return [...added, ...loosened, ...guard];
}

export function columnDefinition(column: SchemaColumn, flavour: Flavour, isKey: boolean): string {
  const own = flavour === 'mysql' ? ON_MYSQL[typeName(column.type)] : undefined;
  // Members of ENUM and SET stand in the type as they are; in a statement a backslash escapes what follows.
  const statement = column.type.replaceAll('\\', '\\\\');
  const type = own ?? `${statement}${charsetClause(column.charset, flavour, isKey)}`;
  return `${quoteIdentifier(column.name)} ${type} ${column.nullable ? 'NULL' : 'NOT NULL'}`;
}

/** Keys that differ in Kafka must differ here: compared by bytes, and trailing spaces count where the server can. */
function charsetClause(charset: string | null, flavour: Flavour, isKey: boolean): string {
  if (charset === null || charset === 'binary') return '';
  const clause = ` CHARACTER SET ${charset}`;
  if (!isKey) return clause;
  if (flavour === 'mariadb') return `${clause} COLLATE ${charset}_nopad_bin`;
  return `${clause} COLLATE ${charset === 'utf8mb4' ? 'utf8mb4_0900_bin' : `${charset}_bin`}`;
}

/** An INSERT that leaves the column out would fail. */
export function isDemanded(column: ColumnRow): boolean {
  return (
    column.IS_NULLABLE === 'NO' &&
    column.COLUMN_DEFAULT === null &&
    !/auto_increment|generated/i.test(column.EXTRA)
  );
}

function nullableDefinition(column: ColumnRow): string {
  const text = column.CHARACTER_SET_NAME === null ? '' : ` CHARACTER SET ${column.CHARACTER_SET_NAME}`;
  const collation = column.COLLATION_NAME === null ? '' : ` COLLATE ${column.COLLATION_NAME}`;
  return `${quoteIdentifier(column.COLUMN_NAME)} ${column.COLUMN_TYPE}${text}${collation} NULL`;
}
