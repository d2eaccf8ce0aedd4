import { randomClause } from './alter-clauses.ts';
import { quoteName, type Dialect } from './dialect.ts';
import { freeTable } from './names.ts';
import { createTable, creation, namesOf, writable, type Change, type ModelTable } from './table-model.ts';

type MakeChange = (dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]) => Change | null;

const TABLES_MAX = 5;
const ALGORITHMS = [
  'ALGORITHM=INSTANT',
  'ALGORITHM=INPLACE',
  'ALGORITHM=COPY',
  'LOCK=NONE',
  'LOCK=SHARED',
  'ALGORITHM=COPY, LOCK=EXCLUSIVE',
];
/** Where rows go with their partition, no event tells it. */
const RANGE_CLAUSES = [
  'TRUNCATE PARTITION p0, p1',
  'DROP PARTITION p0',
  'DROP PARTITION p1',
  'REORGANIZE PARTITION p2 INTO (PARTITION p2 VALUES LESS THAN (20), PARTITION p3 VALUES LESS THAN MAXVALUE)',
  'REMOVE PARTITIONING',
];
const KEY_CLAUSES = [
  'TRUNCATE PARTITION p0',
  'ADD PARTITION PARTITIONS 1',
  'COALESCE PARTITION 1',
  'REBUILD PARTITION p0',
  'REMOVE PARTITIONING',
];

/** A statement that changes tables; null when chance asks for one that cannot be. */
export function tableChange(dialect: Dialect, tables: readonly ModelTable[]): Change | null {
  const { random, ingredients } = dialect;
  const makers: MakeChange[] = [alter, alter, alter, alter, alter, maintain];
  if (tables.length < TABLES_MAX) makers.push((given, _, all) => createTable(given, all));
  if (ingredients.has('create from') && tables.length < TABLES_MAX) makers.push(createLike, createSelect);
  if (ingredients.has('table names')) makers.push(rename, swap);
  if (ingredients.has('drops')) makers.push(drop, dropAndCreate);
  if (ingredients.has('truncates')) makers.push(truncate);
  if (ingredients.has('triggers')) makers.push(trigger);
  if (ingredients.has('partitions')) makers.push(partition, partition);
  if (ingredients.has('auto increment')) makers.push(setCounter);
  if (ingredients.has('invisible')) makers.push(hide);
  return random.pick(makers)(dialect, random.pick(tables), tables);
}

/** One that a replica which is not told of it can live with: it takes rows of more columns than it has. */
export function unloggedAlter(
  dialect: Dialect,
  table: ModelTable,
  tables: readonly ModelTable[],
): Change | null {
  const clause = randomClause(dialect, table);
  if (
    clause === null ||
    !/^(ADD (?!.* (FIRST|AFTER) )(COLUMN|INDEX)|COMMENT|FORCE|ENGINE|ALTER COLUMN)/.test(clause.sql)
  )
    return null;
  return {
    sql: `ALTER TABLE ${quoteName(dialect, table.name)} ${clause.sql}`,
    tables: tables.map((each) => (each === table ? clause.table : each)),
  };
}

/** One to three clauses. */
function alter(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  const { random } = dialect;
  let now = table;
  const clauses: string[] = [];
  for (let left = random.chance(0.3) ? random.integer(2, 3) : 1; left > 0; left--) {
    const clause = randomClause(dialect, now);
    if (clause === null) continue;
    clauses.push(clause.sql);
    now = clause.table;
  }
  if (clauses.length === 0) return null;
  if (dialect.ingredients.has('algorithms') && random.chance(0.2)) clauses.push(random.pick(ALGORITHMS));
  const to =
    dialect.ingredients.has('table names') &&
    random.chance(0.05) &&
    !staysBehind(dialect, table) &&
    !isHidden(dialect, table)
      ? freeTable(dialect, namesOf(tables))
      : undefined;
  if (to !== undefined) clauses.push(`RENAME TO ${quoteName(dialect, to)}`);
  const made = { ...now, name: to ?? table.name };
  return {
    sql: `ALTER TABLE ${quoteName(dialect, table.name)} ${clauses.join(', ')}`,
    tables: tables.map((each) => (each === table ? made : each)),
  };
}

/** MariaDB 10.11 keeps the old table too when it copies one whose name has an apostrophe: the binlog has a rename. */
function staysBehind({ flavour }: Dialect, { name }: ModelTable): boolean {
  return flavour === 'mariadb' && name.includes("'");
}

/**
 * RENAME of a name behind which MariaDB's session has a temporary table is about that one, and is logged as any other: the server's
 * own replica, which has no temporary tables of sessions that log rows, renames the real one.
 */
function isHidden({ flavour, hidden }: Dialect, { name }: ModelTable): boolean {
  return flavour === 'mariadb' && hidden.has(name);
}

function maintain(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change {
  const verb = dialect.random.pick(['ANALYZE', 'OPTIMIZE', 'CHECK']);
  return { sql: `${verb} TABLE ${quoteName(dialect, table.name)}`, tables };
}

function createLike(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  const name = freeTable(dialect, namesOf(tables));
  if (name === undefined) return null;
  const sql = `CREATE TABLE ${quoteName(dialect, name)} LIKE ${quoteName(dialect, table.name)}`;
  return { sql, tables: [...tables, { ...table, name }] };
}

function createSelect(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  const name = freeTable(dialect, namesOf(tables));
  // Servers log it in UTF-8 beside the session's character set: their own replicas make a table of another name then.
  if (name === undefined || !dialect.client.startsWith('utf8')) return null;
  // Servers also escape defaults of bytes with backslashes there, which mean nothing in such a session: replicas stop.
  if (dialect.plainBackslash) return null;
  const key = table.key.map((column) => quoteName(dialect, column)).join(', ');
  const list = writable(table)
    .map((column) => quoteName(dialect, column.name))
    .join(', ');
  const sql = `CREATE TABLE ${quoteName(dialect, name)} (PRIMARY KEY (${key})) SELECT ${list} FROM ${quoteName(dialect, table.name)}`;
  return { sql, tables: [...tables, { ...table, name, columns: writable(table), isPartitioned: false }] };
}

function rename(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  const to = freeTable(dialect, namesOf(tables));
  if (to === undefined || isHidden(dialect, table)) return null;
  const [from, name] = [quoteName(dialect, table.name), quoteName(dialect, to)];
  const sql = dialect.random.chance(0.5)
    ? `RENAME TABLE ${from} TO ${name}`
    : `ALTER TABLE ${from} RENAME ${name}`;
  return { sql, tables: renamed(tables, new Map([[table.name, to]])) };
}

function swap(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  const other = dialect.random.pick(tables);
  const between = freeTable(dialect, namesOf(tables));
  if (other === table || between === undefined) return null;
  if (isHidden(dialect, table) || isHidden(dialect, other)) return null;
  const [a, b, x] = [table.name, other.name, between].map((name) => quoteName(dialect, name));
  const names = new Map([
    [table.name, other.name],
    [other.name, table.name],
  ]);
  return { sql: `RENAME TABLE ${a} TO ${x}, ${b} TO ${a}, ${x} TO ${b}`, tables: renamed(tables, names) };
}

function renamed(tables: readonly ModelTable[], names: ReadonlyMap<string, string>): ModelTable[] {
  return tables.map((table) => ({ ...table, name: names.get(table.name) ?? table.name }));
}

function drop(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  if (tables.length < 2) return null;
  const more = dialect.random.chance(0.3) ? `, ${quoteName(dialect, 'never was')}` : '';
  const sql = `DROP TABLE IF EXISTS ${quoteName(dialect, table.name)}${more}`;
  return { sql, tables: tables.filter((each) => each !== table) };
}

/** Another table under the same name: in MariaDB at once, elsewhere the drop alone. */
function dropAndCreate(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  const others = tables.filter((each) => each !== table);
  if (dialect.flavour === 'mysql') return drop(dialect, table, tables);
  const made = creation(dialect, table.name, others);
  return { ...made, sql: made.sql.replace('CREATE TABLE', 'CREATE OR REPLACE TABLE') };
}

function setCounter(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  if (table.isCounted !== true) return null;
  const next = dialect.random.integer(1, 30);
  return { sql: `ALTER TABLE ${quoteName(dialect, table.name)} AUTO_INCREMENT = ${next}`, tables };
}

/** A column that SELECT * does not show. */
function hide(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  const column = dialect.random.pick(writable(table));
  const name = quoteName(dialect, column.name);
  const clause =
    dialect.flavour === 'mysql'
      ? `ALTER COLUMN ${name} SET ${dialect.random.pick(['INVISIBLE', 'VISIBLE'])}`
      : `MODIFY COLUMN ${name} ${column.type.sql.replace(/ NULL$/, '')} NULL INVISIBLE`;
  if (dialect.flavour === 'mariadb' && table.key.includes(column.name)) return null;
  return { sql: `ALTER TABLE ${quoteName(dialect, table.name)} ${clause}`, tables };
}

function truncate(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change {
  const word = dialect.random.chance(0.5) ? 'TRUNCATE TABLE' : 'TRUNCATE';
  return { sql: `${word} ${quoteName(dialect, table.name)}`, tables };
}

/** Rows of the one table bring rows of the other. */
function trigger(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  const other = dialect.random.pick(tables);
  if (other === table || other.key.length !== 1 || other.key[0] !== 'id') return null;
  const moment = dialect.random.pick(['AFTER INSERT', 'BEFORE UPDATE', 'AFTER DELETE']);
  const [on, into] = [quoteName(dialect, table.name), quoteName(dialect, other.name)];
  const name = quoteName(dialect, `on ${dialect.random.integer(1, 1_000_000)}`);
  const body = `INSERT IGNORE INTO ${into} (id) VALUES (FLOOR(RAND() * 100))`;
  return { sql: `CREATE TRIGGER ${name} ${moment} ON ${on} FOR EACH ROW ${body}`, tables };
}

function partition(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change | null {
  if (!table.isPartitioned) return null;
  const clause = dialect.random.pick(table.hasRanges === true ? RANGE_CLAUSES : KEY_CLAUSES);
  const isPartitioned = clause !== 'REMOVE PARTITIONING';
  return {
    sql: `ALTER TABLE ${quoteName(dialect, table.name)} ${clause}`,
    tables: tables.map((each) => (each === table ? { ...table, isPartitioned } : each)),
  };
}

/** Changes in their order: a table like the partitioned one, rows for it, and the exchange. */
export function exchange(dialect: Dialect, table: ModelTable, tables: readonly ModelTable[]): Change[] {
  const name = freeTable(dialect, namesOf(tables));
  if (name === undefined) return [];
  const [whole, single] = [table.name, name].map((each) => quoteName(dialect, each));
  const made = { ...table, name, isPartitioned: false };
  const now = [...tables, made];
  return [
    { sql: `CREATE TABLE ${single} LIKE ${whole}`, tables: [...tables, { ...made, isPartitioned: true }] },
    { sql: `ALTER TABLE ${single} REMOVE PARTITIONING`, tables: now },
    { sql: `INSERT IGNORE INTO ${single} (id) VALUES (1), (2)`, tables: now },
    { sql: `ALTER TABLE ${whole} EXCHANGE PARTITION p0 WITH TABLE ${single}`, tables: now },
  ];
}
