import { CANARY_TEXT, SHOWN_PART, type Canary } from './canaries.ts';

/** What becomes of columns, each in a table of its own. */
export const TREATMENTS = {
  by_exclude: { exclude: true },
  by_mask: { mask: '***' },
  by_hash: { hash: true },
  by_truncate: { truncate: SHOWN_PART.length },
} as const;
type Treated = keyof typeof TREATMENTS;
const TREATED = Object.keys(TREATMENTS) as Treated[];

const NO_BACKSLASH_ESCAPES = "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'";
const STRICT = "SET SESSION sql_mode = 'STRICT_ALL_TABLES'";

export function columnsOf(table: Treated, canaries: readonly Canary[]): readonly Canary[] {
  return table === 'by_truncate' ? canaries.filter(({ isText }) => isText === true) : canaries;
}

/** The section `tables`. Names of columns are written in another case than the tables have them. */
export function settingsFor(database: string, canaries: readonly Canary[]): Record<string, object> {
  const treated = TREATED.map((table) => {
    const columns = columnsOf(table, canaries).map(({ name }) => [
      `C_${name.toUpperCase()}`,
      TREATMENTS[table],
    ]);
    return [`${database}.${table}`, { columns: Object.fromEntries(columns) as object }];
  });
  return { ...Object.fromEntries(treated), [`${database}.by_where`]: { where: "kind <> 'bot'" } } as Record<
    string,
    object
  >;
}

export function tablesWith(canaries: readonly Canary[]): string[] {
  return [
    ...TREATED.map((table) => {
      const columns = columnsOf(table, canaries).map(({ name, type }) => `c_${name} ${type}`);
      return `CREATE TABLE ${table} (id INT PRIMARY KEY, shown VARCHAR(40), big LONGTEXT, ${columns.join(', ')}) COMMENT '${CANARY_TEXT}'`;
    }),
    'CREATE TABLE by_where (id INT PRIMARY KEY, kind VARCHAR(9), note VARCHAR(99))',
    'CREATE TABLE by_name (id INT PRIMARY KEY, note VARCHAR(99))',
    'CREATE TABLE dropped (id INT PRIMARY KEY)',
    'CREATE TABLE mark (id INT PRIMARY KEY)',
    ...insertsOf(1, canaries),
  ];
}

/** A row with all canaries into every table that hides something. */
export function insertsOf(id: number, canaries: readonly Canary[]): string[] {
  return [
    ...TREATED.map((table) => insertInto(table, id, canaries)),
    `INSERT INTO by_where VALUES (${id}, 'bot', '${CANARY_TEXT}')`,
    `INSERT INTO by_name VALUES (${id}, '${CANARY_TEXT}')`,
  ];
}

export function insertInto(
  table: Treated,
  id: number,
  canaries: readonly Canary[],
  { name = table, big = 'NULL' }: { readonly name?: string; readonly big?: string } = {},
): string {
  const columns = columnsOf(table, canaries);
  const names = columns.map((column) => `c_${column.name}`).join(', ');
  const literals = columns.map(({ literal }) => literal).join(', ');
  return `INSERT INTO ${name} (id, shown, big, ${names}) VALUES (${id}, 'row-${id}', ${big}, ${literals})`;
}

/** Changes of rows, also such that only their statement is in the binlog. */
export function changesOf(id: number): string[] {
  const where = `WHERE id = ${id}`;
  return [
    `UPDATE by_mask SET c_varchar = '${CANARY_TEXT} new', c_int = c_int ${where}`,
    `UPDATE by_hash SET shown = 'changed', c_date = '1847-11-23' ${where}`,
    `UPDATE by_where SET note = '${CANARY_TEXT} 2' ${where}`,
    `DELETE FROM by_exclude ${where}`,
    'SET SESSION binlog_format = STATEMENT',
    `UPDATE by_mask SET c_text = '${CANARY_TEXT} by statement', c_bigint = -4711471147114711 WHERE c_int = 1147471193`,
    'SET SESSION binlog_format = ROW',
    `XA START '${CANARY_TEXT.slice(0, 6)}'`,
    `UPDATE by_hash SET c_varchar = '${CANARY_TEXT} xa' ${where}`,
    `XA END '${CANARY_TEXT.slice(0, 6)}'`,
    `XA PREPARE '${CANARY_TEXT.slice(0, 6)}'`,
    `XA ROLLBACK '${CANARY_TEXT.slice(0, 6)}'`,
  ];
}

/** DDL of every class, most of it with a canary in its text. What a new column shows by its default is nobody's secret: those are of a table without rows. */
export function statementsOf(database: string): string[] {
  return [
    `ALTER TABLE dropped ADD COLUMN extra VARCHAR(99) DEFAULT '${CANARY_TEXT}' COMMENT '${CANARY_TEXT}'`,
    'ALTER TABLE dropped ADD COLUMN number BIGINT DEFAULT 4711471147114711, ADD COLUMN at DATE DEFAULT 18471123',
    `ALTER TABLE by_hash MODIFY c_varchar VARCHAR(120) DEFAULT '${CANARY_TEXT}', ADD UNIQUE KEY u (id, c_int)`,
    `ALTER TABLE by_hash ADD CONSTRAINT odd CHECK (c_int <> 1147471193 OR c_varchar <> '${CANARY_TEXT}')`,
    `ALTER TABLE by_exclude MODIFY c_enum ENUM('a', 'b', '${CANARY_TEXT}-enum', '${CANARY_TEXT}-set')`,
    'ALTER TABLE by_exclude MODIFY c_int BIGINT',
    `ALTER TABLE by_exclude ALTER COLUMN c_varchar SET DEFAULT '${CANARY_TEXT}'`,
    'ALTER TABLE by_exclude ADD UNIQUE KEY twice (c_varchar, c_int)',
    `/* ${CANARY_TEXT} */ ALTER TABLE by_mask COMMENT = '${CANARY_TEXT}' -- ${CANARY_TEXT}`,
    NO_BACKSLASH_ESCAPES,
    String.raw`ALTER TABLE dropped ADD COLUMN slash VARCHAR(99) DEFAULT '\', ADD COLUMN sliced VARCHAR(99) DEFAULT '${CANARY_TEXT}'`,
    STRICT,
    `ALTER TABLE dropped ADD COLUMN hex VARBINARY(99) DEFAULT 0x${Buffer.from(CANARY_TEXT).toString('hex')}`,
    `CREATE TABLE copied (id INT PRIMARY KEY) AS SELECT id, c_varchar FROM by_mask WHERE c_varchar <> '${CANARY_TEXT}' OR c_int = 1147471193`,
    'CREATE TABLE alike LIKE by_mask',
    `CREATE VIEW seen AS SELECT id, c_varchar FROM by_mask WHERE c_varchar = '${CANARY_TEXT}'`,
    `CREATE TRIGGER told BEFORE UPDATE ON by_hash FOR EACH ROW SET NEW.c_text = '${CANARY_TEXT} by trigger'`,
    `ALTER TABLE by_where PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (471147110), PARTITION p1 VALUES LESS THAN MAXVALUE COMMENT '${CANARY_TEXT}')`,
    'DROP TABLE dropped',
    'TRUNCATE TABLE by_where',
    // Refused by the server, which quotes a value.
    'ALTER TABLE by_mask MODIFY c_varchar INT',
    'ALTER TABLE by_mask ADD UNIQUE KEY same (c_varchar)',
    // Names: what is hidden stays so.
    'RENAME TABLE by_name TO shown_name',
    `RENAME TABLE by_hash TO \`${database}\`.shown_hash`,
    'ALTER TABLE by_where RENAME TO shown_where',
    `INSERT INTO shown_name VALUES (900, '${CANARY_TEXT}')`,
    `INSERT INTO shown_where VALUES (900, 'bot', '${CANARY_TEXT}')`,
    // Columns that the server computes from hidden ones: these tables are left alone from here on.
    'ALTER TABLE by_mask ADD COLUMN derived VARCHAR(200) AS (CONCAT(c_varchar, 1)) STORED',
    'ALTER TABLE by_exclude ADD COLUMN copy VARCHAR(200) DEFAULT (c_varchar)',
  ];
}
