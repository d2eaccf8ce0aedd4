import { quoteName, type Dialect } from './dialect.ts';
import { writable, type ModelColumn, type ModelTable } from './table-model.ts';

/** Keys are few, so that statements meet rows that are there. */
const KEYS = 12;
/** What MariaDB's SET STATEMENT sets for one statement. */
const SET_FOR = [
  "sql_mode = ''",
  "time_zone = '+03:00'",
  'foreign_key_checks = 0',
  'max_statement_time = 100',
];

/** MariaDB reads the statement by the session's mode and logs it, where it does so, under the other: its own replica stops. */
function settingsFor({ ansiQuotes, plainBackslash }: Dialect): readonly string[] {
  return ansiQuotes || plainBackslash
    ? SET_FOR.filter((setting) => !setting.startsWith('sql_mode'))
    : SET_FOR;
}

/** A statement that writes rows of one of the tables, or of two. */
export function rowStatement(dialect: Dialect, tables: readonly ModelTable[]): string {
  const { random, flavour, ingredients } = dialect;
  const sql = plainStatement(dialect, tables);
  if (flavour === 'mysql') return sql;
  if (ingredients.has('set statement') && random.chance(0.05))
    return `SET STATEMENT ${random.pick(settingsFor(dialect))} FOR ${sql}`;
  // No column: the driver refuses answers that have one called `__proto__`.
  const canReturn = /^(INSERT|REPLACE|DELETE FROM)/.test(sql);
  return ingredients.has('returning') && canReturn && random.chance(0.05) ? `${sql} RETURNING 1` : sql;
}

function plainStatement(dialect: Dialect, tables: readonly ModelTable[]): string {
  const { random, ingredients } = dialect;
  const table = random.pick(tables);
  const chance = random.next();
  if (ingredients.has('rows of rows') && chance < 0.06)
    return insertRows(dialect, table, random.pick(tables));
  if (chance < 0.4) return insert(dialect, table);
  if (chance < 0.48) return upsert(dialect, table);
  if (chance < 0.56) return `REPLACE ${into(dialect, table)}`;
  if (chance < 0.78) return update(dialect, table);
  if (chance < 0.88) return `DELETE FROM ${quoteName(dialect, table.name)} WHERE ${someRows(dialect, table)}`;
  if (chance < 0.94) return updateTwo(dialect, table, random.pick(tables));
  return deleteTwo(dialect, table, random.pick(tables));
}

/** Rows for a table that has none. */
export function insert(dialect: Dialect, table: ModelTable): string {
  return `INSERT ${dialect.random.chance(0.3) ? 'IGNORE ' : ''}${into(dialect, table)}`;
}

function into(dialect: Dialect, table: ModelTable): string {
  const { random } = dialect;
  const counted = table.isCounted === true && random.chance(0.4);
  const columns = writable(table).filter(({ name }) =>
    table.key.includes(name) ? !counted : random.chance(0.9),
  );
  if (columns.length === 0) return `INTO ${quoteName(dialect, table.name)} () VALUES (), ()`;
  const names = columns.map(({ name }) => quoteName(dialect, name)).join(', ');
  const rows = Array.from({ length: random.integer(1, 4) }, () => {
    return `(${columns.map((column) => literal(dialect, table, column)).join(', ')})`;
  });
  return `INTO ${quoteName(dialect, table.name)} (${names}) VALUES ${rows.join(', ')}`;
}

/** From another table with the same key, or from the same one. */
function insertRows(dialect: Dialect, table: ModelTable, other: ModelTable): string {
  const { random } = dialect;
  const verb = random.pick(['INSERT IGNORE', 'REPLACE']);
  const onlyKey = (each: ModelTable): boolean => each.key.length === 1 && each.key[0] === 'id';
  const [into, from] = [quoteName(dialect, table.name), quoteName(dialect, other.name)];
  if (onlyKey(table) && onlyKey(other))
    return `${verb} INTO ${into} (id) SELECT id FROM ${from} WHERE id < 90`;
  const columns = writable(table);
  const names = columns.map(({ name }) => quoteName(dialect, name)).join(', ');
  const values = columns.map((column) =>
    table.key.includes(column.name) ? literal(dialect, table, column) : quoteName(dialect, column.name),
  );
  return `${verb} INTO ${into} (${names}) SELECT ${values.join(', ')} FROM ${into} LIMIT 1`;
}

function literal(dialect: Dialect, table: ModelTable, { name, type }: ModelColumn): string {
  const { random } = dialect;
  if (table.key.includes(name)) return type.keyLiteral(dialect, random.integer(1, KEYS));
  return random.chance(0.15) ? 'NULL' : type.literal(dialect);
}

function upsert(dialect: Dialect, table: ModelTable): string {
  return `INSERT ${into(dialect, table)} ON DUPLICATE KEY UPDATE ${assignment(dialect, table, '')}`;
}

function update(dialect: Dialect, table: ModelTable): string {
  const { random } = dialect;
  const ignore = random.chance(0.2) ? 'IGNORE ' : '';
  return `UPDATE ${ignore}${quoteName(dialect, table.name)} SET ${assignment(dialect, table, '')} WHERE ${someRows(dialect, table)}`;
}

/** One column, now and then of the key. */
function assignment(dialect: Dialect, table: ModelTable, alias: string): string {
  const { random } = dialect;
  const columns = writable(table);
  const plain = columns.filter(({ name }) => !table.key.includes(name));
  const column = random.pick(plain.length === 0 || random.chance(0.1) ? columns : plain);
  return `${alias}${quoteName(dialect, column.name)} = ${literal(dialect, table, column)}`;
}

function someRows(dialect: Dialect, table: ModelTable, alias = ''): string {
  const { random } = dialect;
  const column = table.columns.find(({ name }) => name === table.key[0]);
  const chance = random.next();
  if (column === undefined || chance < 0.05) return '1';
  const name = `${alias}${quoteName(dialect, column.name)}`;
  const key = (): string => column.type.keyLiteral(dialect, random.integer(1, KEYS));
  if (chance < 0.6) return `${name} = ${key()}`;
  if (chance < 0.8) return `${name} IN (${key()}, ${key()}, ${key()})`;
  return `${name} >= ${key()}`;
}

function updateTwo(dialect: Dialect, one: ModelTable, two: ModelTable): string {
  if (one === two) return update(dialect, one);
  const [a, b] = [quoteName(dialect, one.name), quoteName(dialect, two.name)];
  const set = `${assignment(dialect, one, 'x.')}, ${assignment(dialect, two, 'y.')}`;
  return `UPDATE ${a} x, ${b} y SET ${set} WHERE ${someRows(dialect, one, 'x.')} AND ${someRows(dialect, two, 'y.')}`;
}

function deleteTwo(dialect: Dialect, one: ModelTable, two: ModelTable): string {
  const [a, b] = [quoteName(dialect, one.name), quoteName(dialect, two.name)];
  if (one === two) return `DELETE FROM ${a} WHERE ${someRows(dialect, one)}`;
  return `DELETE x, y FROM ${a} x JOIN ${b} y WHERE ${someRows(dialect, one, 'x.')} AND ${someRows(dialect, two, 'y.')}`;
}
