import { quoteName, quoteText, type Dialect } from './dialect.ts';
import { freeColumn } from './names.ts';
import { definition, writable, type ModelColumn, type ModelTable } from './table-model.ts';
import { INT, randomType, TABLE_CHARSETS, type ValueType } from './value-types.ts';

/** A clause of ALTER TABLE, and the table when it has run. */
export interface Clause {
  readonly sql: string;
  readonly table: ModelTable;
}

type MakeClause = (dialect: Dialect, table: ModelTable) => Clause | null;

/** Null when there is nothing that it could be done to, or when it is left out. */
export function randomClause(dialect: Dialect, table: ModelTable): Clause | null {
  const { ingredients, random } = dialect;
  const makers: MakeClause[] = [addColumn, addColumn, dropColumn, changeDefault, addIndex, comment, rebuild];
  if (ingredients.has('column types')) makers.push(changeType, changeType);
  if (ingredients.has('column names')) makers.push(renameColumn);
  if (ingredients.has('key changes') && !table.isPartitioned) makers.push(changeKey);
  if (ingredients.has('conversions')) makers.push(convert);
  return random.pick(makers)(dialect, table);
}

function addColumn(dialect: Dialect, table: ModelTable): Clause | null {
  const { random } = dialect;
  const name = freeColumn(dialect, columnNames(table));
  if (name === undefined || table.columns.length > 8) return null;
  const column = { name, type: randomType(dialect) };
  const places = ['', '', ' FIRST', ` AFTER ${quoteName(dialect, random.pick(table.columns).name)}`];
  const sql = `ADD COLUMN ${quoteName(dialect, name)} ${definition(dialect, column.type)}${random.pick(places)}`;
  return { sql, table: { ...table, columns: [...table.columns, column] } };
}

function dropColumn(dialect: Dialect, table: ModelTable): Clause | null {
  const column = plainColumn(dialect, table);
  if (column === undefined) return null;
  const columns = table.columns.filter((each) => each !== column);
  return { sql: `DROP COLUMN ${quoteName(dialect, column.name)}`, table: { ...table, columns } };
}

function renameColumn(dialect: Dialect, table: ModelTable): Clause | null {
  const column = dialect.random.pick(table.columns);
  // A twin in another case is a name of its own for capture, and the same for the server.
  const twin = dialect.random.chance(0.2) ? column.name.toUpperCase() : column.name;
  const name = twin === column.name ? freeColumn(dialect, columnNames(table)) : twin;
  if (name === undefined || column.isGenerated === true) return null;
  const sql = `RENAME COLUMN ${quoteName(dialect, column.name)} TO ${quoteName(dialect, name)}`;
  const key = table.key.map((each) => (each === column.name ? name : each));
  return { sql, table: { ...instead(table, column, { ...column, name }), key } };
}

function changeType(dialect: Dialect, table: ModelTable): Clause | null {
  const column = plainColumn(dialect, table);
  if (column === undefined || column.isGenerated === true) return null;
  const type = dialect.random.chance(0.5) ? wider(column.type) : randomType(dialect);
  const sql = `MODIFY COLUMN ${quoteName(dialect, column.name)} ${definition(dialect, type)}`;
  return { sql, table: instead(table, column, { ...column, type }) };
}

/** One that holds every value; the same for types that are not listed. */
function wider(type: ValueType): ValueType {
  const sql = type.sql
    .replace(/^(TINYINT|SMALLINT|MEDIUMINT|INT)\b/, 'BIGINT')
    .replace(/^(VARCHAR|CHAR)\(\d+\)/, 'VARCHAR(200)')
    .replace(/^TEXT/, 'LONGTEXT')
    .replace(/^DATETIME$/, 'DATETIME(3)')
    .replace(/^DECIMAL\(12,2\)/, 'DECIMAL(20,4)')
    .replace(/^ENUM\('a',/, "ENUM('a','new',");
  return { ...type, sql };
}

function changeDefault(dialect: Dialect, table: ModelTable): Clause | null {
  const column = plainColumn(dialect, table);
  if (column === undefined || column.isGenerated === true || /TEXT|BLOB|JSON|POINT/.test(column.type.sql))
    return null;
  const sql = `ALTER COLUMN ${quoteName(dialect, column.name)} SET DEFAULT ${column.type.literal(dialect)}`;
  return { sql, table };
}

function addIndex(dialect: Dialect, table: ModelTable): Clause | null {
  const column = dialect.random.pick(table.columns);
  if (/TEXT|BLOB|JSON|POINT/.test(column.type.sql)) return null;
  const kind = !table.isPartitioned && dialect.random.chance(0.3) ? 'UNIQUE INDEX' : 'INDEX';
  return { sql: `ADD ${kind} (${quoteName(dialect, column.name)})`, table };
}

function comment(dialect: Dialect, table: ModelTable): Clause {
  const text = dialect.random.pick(['C:\\', "it's", '/* x', 'RENAME TO z', '--', '"']);
  return { sql: `COMMENT ${quoteText(dialect, text)}`, table };
}

function rebuild(dialect: Dialect, table: ModelTable): Clause {
  return { sql: dialect.random.pick(['ENGINE=InnoDB', 'FORCE', 'ROW_FORMAT=DYNAMIC']), table };
}

function convert(dialect: Dialect, table: ModelTable): Clause {
  return { sql: `CONVERT TO CHARACTER SET ${dialect.random.pick(TABLE_CHARSETS)}`, table };
}

/** Another key in the same statement: one more column, or a new number of each row. */
function changeKey(dialect: Dialect, table: ModelTable): Clause | null {
  const { random } = dialect;
  const more = writable(table).filter(({ name, type }) => !table.key.includes(name) && type === INT);
  const name = random.chance(0.5) && more.length > 0 ? random.pick(more).name : undefined;
  if (name !== undefined && table.key.length < 3) {
    const key = [...table.key, name];
    const list = key.map((each) => quoteName(dialect, each)).join(', ');
    return { sql: `DROP PRIMARY KEY, ADD PRIMARY KEY (${list})`, table: { ...table, key } };
  }
  const fresh = freeColumn(dialect, columnNames(table));
  if (fresh === undefined) return null;
  const column = { name: fresh, type: INT };
  const sql = `DROP PRIMARY KEY, ADD COLUMN ${quoteName(dialect, fresh)} INT NOT NULL AUTO_INCREMENT PRIMARY KEY`;
  return { sql, table: { ...table, columns: [...table.columns, column], key: [fresh] } };
}

const columnNames = (table: ModelTable): string[] => table.columns.map(({ name }) => name);

function plainColumn({ random }: Dialect, table: ModelTable): ModelColumn | undefined {
  const plain = table.columns.filter(({ name }) => !table.key.includes(name));
  return plain.length === 0 ? undefined : random.pick(plain);
}

function instead(table: ModelTable, old: ModelColumn, made: ModelColumn): ModelTable {
  return { ...table, columns: table.columns.map((column) => (column === old ? made : column)) };
}
