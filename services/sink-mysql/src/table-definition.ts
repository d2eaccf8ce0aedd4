import type { SchemaColumn } from '@sluice/envelope';
import { quoteIdentifier, type ColumnRow, type Flavour, typeName } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { CODES } from './errors.ts';

export const SEQUENCE_DEFINITION = `\`${SEQUENCE_COLUMN}\` BIGINT NOT NULL DEFAULT 0 INVISIBLE`;

/** What a `schema` record says of a table. */
export interface TableSchema {
  readonly columns: readonly SchemaColumn[];
  readonly keyColumns: readonly string[];
}

/** Types that MySQL does not have, by what holds their text, which is ASCII. */
const ON_MYSQL: Readonly<Record<string, string>> = {
  uuid: 'char(36)',
  inet4: 'varchar(15)',
  inet6: 'varchar(39)',
};
/** More digits behind the point than MySQL's DECIMAL can have, which are 30; MariaDB's has up to 38 (manuals, "DECIMAL"). */
const FINE_DECIMAL = /^decimal\(\d+,3[1-8]\)/;
/** 65 digits, a sign, a point and the zero before it. */
const DECIMAL_TEXT = 'varchar(68)';

/** A prefix can be unique where the whole is not, and FLOAT has no literal that equals it. */
const NO_KEY = /^((tiny|medium|long)?(text|blob)|json|geom|point|linestring|polygon|multi|float|double)/;
/** What a table made by hand can have instead: as long as InnoDB's longest key, 3,072 bytes. */
const AS_KEY: readonly (readonly [RegExp, string])[] = [
  [/text$/, 'varchar(768)'],
  [/blob$/, 'varbinary(3072)'],
  [/^float/, 'double'],
];

/** Names of columns differ by more than letter case (MySQL manual, "Identifier Case Sensitivity"): what to compare them by. */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** The statement that creates a table; `target` is its quoted name. Throws as `tableDefinition`. */
export function createTable(target: string, schema: TableSchema, flavour: Flavour): string {
  return `CREATE TABLE IF NOT EXISTS ${target} (\n  ${tableDefinition(schema, flavour)}\n) ENGINE=InnoDB`;
}

/** The definition between the parentheses of CREATE TABLE. Throws TARGET_TABLE_REFUSED for a key no row can be found by. */
export function tableDefinition(schema: TableSchema, flavour: Flavour): string {
  checkKey(schema);
  return definitionOf(schema, flavour);
}

/** Throws TARGET_TABLE_REFUSED for a column that would be in the place of Sluice's own. */
export function checkNames({ columns }: TableSchema): void {
  const taken = columns.find(({ name }) => foldName(name) === SEQUENCE_COLUMN);
  if (taken === undefined) return;
  throw new PipelineError(
    CODES.TARGET_TABLE_REFUSED,
    `the source has a column ${taken.name}, and Sluice keeps its own under that name: publish it under another one (\`rename\` under \`tables.<name>.columns\` of sluice.yaml), or leave it out (\`exclude\`)`,
  );
}

/** Throws TARGET_TABLE_REFUSED for a key that no row can be found by, and says which table to make by hand where one can serve. */
export function checkKey(schema: TableSchema): void {
  const byName = new Map(schema.columns.map((column) => [column.name, column]));
  for (const name of schema.keyColumns) {
    const type = byName.get(name)?.type ?? 'missing';
    if (type !== 'missing' && !NO_KEY.test(type)) continue;
    throw new PipelineError(CODES.TARGET_TABLE_REFUSED, `key column ${name} is ${type}${byHand(schema)}`);
  }
}

function byHand(schema: TableSchema): string {
  const columns = schema.columns.map((column) => {
    const instead = AS_KEY.find(([form]) => form.test(column.type))?.[1];
    return schema.keyColumns.includes(column.name) && instead ? { ...column, type: instead } : column;
  });
  const left = columns.some(
    ({ name, type }) => schema.keyColumns.includes(name) && /^(json|geo|po|li|mu)/.test(type),
  );
  return left
    ? ''
    : `: create the table by hand, with a column that holds all its keys: (${definitionOf({ ...schema, columns }, 'mysql')})`;
}

function definitionOf(schema: TableSchema, flavour: Flavour): string {
  const key = schema.keyColumns.map(quoteIdentifier).join(', ');
  const columns = schema.columns.map((column) =>
    columnDefinition(column, flavour, schema.keyColumns.includes(column.name)),
  );
  return [...columns, SEQUENCE_DEFINITION, `PRIMARY KEY (${key})`].join(',\n  ');
}

/** The column as a server of this flavour can have it. */
export function onFlavour(column: SchemaColumn, flavour: Flavour): SchemaColumn {
  const type = flavour === 'mysql' ? textOnMysql(column.type) : undefined;
  return type === undefined ? column : { ...column, type, charset: 'ascii' };
}

function textOnMysql(type: string): string | undefined {
  return FINE_DECIMAL.test(type) ? DECIMAL_TEXT : ON_MYSQL[typeName(type)];
}

export function columnDefinition(column: SchemaColumn, flavour: Flavour, isKey: boolean): string {
  const { name, type, charset, nullable } = onFlavour(column, flavour);
  // Members of ENUM and SET stand in the type as they are; in a statement a backslash escapes what follows.
  const statement = `${type.replaceAll('\\', '\\\\')}${charsetClause(charset, flavour, isKey)}`;
  return `${quoteIdentifier(name)} ${statement} ${nullable ? 'NULL' : 'NOT NULL'}`;
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

export function nullableDefinition(column: ColumnRow): string {
  const text = column.CHARACTER_SET_NAME === null ? '' : ` CHARACTER SET ${column.CHARACTER_SET_NAME}`;
  const collation = column.COLLATION_NAME === null ? '' : ` COLLATE ${column.COLLATION_NAME}`;
  return `${quoteIdentifier(column.COLUMN_NAME)} ${column.COLUMN_TYPE}${text}${collation} NULL`;
}
