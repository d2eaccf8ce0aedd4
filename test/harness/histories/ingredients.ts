/** What a random history may hold. Each can be left out by name, to look for what hides behind a fault that is known. */
export const INGREDIENTS = {
  'nasty names': 'names with blanks, quotes, dots, backslashes, other scripts and 64 characters',
  'object names': 'columns named as members that every JavaScript object has',
  'number names': 'columns named by digits, which JavaScript sorts before all others',
  'json null': 'JSON documents that are null, which are no SQL NULL',
  'quoted names': 'columns whose names JSON escapes',
  'escaped names': 'tables whose names hold what Redis keys escape',
  'own names': 'columns named as members that stores and topics add',
  'case twins': 'tables whose names differ in letter case only',
  'other charsets': 'tables and columns in other character sets than utf8mb4',
  'client charsets': 'sessions that write statements in another character set',
  'sql modes': 'ANSI_QUOTES, NO_BACKSLASH_ESCAPES, no strictness',
  'time zones': 'sessions in other time zones than the server',
  'mixed format': 'sessions with binlog_format = MIXED and READ COMMITTED, which keep rows',
  'text keys': 'primary keys of text, dates, decimals, bytes and ENUM',
  generated: 'VIRTUAL and STORED columns',
  'foreign keys': 'RESTRICT, SET NULL and CASCADE',
  savepoints: 'SAVEPOINT, ROLLBACK TO, RELEASE',
  rollbacks: 'transactions that end in ROLLBACK',
  'temporary tables': 'made, filled, read, altered and dropped, in transactions and beside them',
  xa: 'XA transactions: two phases, and one',
  triggers: 'triggers that write into another table',
  partitions: 'partitioned tables, and partitions that are emptied',
  'column types': 'ALTER that gives a column another type',
  'column names': 'ALTER that gives a column another name',
  'key changes': 'ALTER that makes another primary key',
  conversions: 'CONVERT TO CHARACTER SET',
  'table names': 'RENAME of tables, and swaps',
  drops: 'DROP TABLE, and other tables under the same name',
  truncates: 'TRUNCATE TABLE',
  'create from': 'CREATE TABLE … LIKE and … SELECT',
  'rows of rows': 'INSERT … SELECT and REPLACE … SELECT, from the same table and another one',
  'set statement': 'MariaDB: SET STATEMENT … FOR',
  returning: 'MariaDB: INSERT, REPLACE and DELETE … RETURNING',
  views: 'rows written through a view',
  routines: 'procedures that write rows, in transactions of their own, and functions that do',
  events: 'made, altered and dropped; they never run',
  sequences: 'MariaDB: SEQUENCE',
  checks: 'CHECK constraints',
  invisible: 'invisible columns and indexes',
  'auto increment': 'keys that the server counts, and counters that are set',
  algorithms: 'ALTER with ALGORITHM and LOCK',
  ranges: 'partitions by range: dropped, emptied, split, and exchanged for a table',
  compressed: 'MySQL: transactions that the binlog holds compressed',
  'statement format': 'sessions with binlog_format = STATEMENT',
  unlogged: 'ALTER under sql_log_bin = 0',
} as const;

export type Ingredient = keyof typeof INGREDIENTS;
export const ALL_INGREDIENTS = Object.keys(INGREDIENTS) as Ingredient[];

type LeftOut = Partial<Readonly<Record<Ingredient, string>>>;

/** What histories leave out by themselves, and why: faults that are not mended yet, and what a replica cannot follow. */
const BOTH: LeftOut = {
  unlogged: 'the replica does not have the column either, and stops at the next change of the table',
};
const LEFT_OUT: Readonly<Record<'mysql' | 'mariadb', LeftOut>> = { mysql: BOTH, mariadb: BOTH };

/** Of a flavour: what it leaves out when nothing is said, in words for people. */
export function leftOut(flavour: 'mysql' | 'mariadb'): readonly (readonly [Ingredient, string])[] {
  return Object.entries(LEFT_OUT[flavour]) as [Ingredient, string][];
}

/** Names in a list with commas → what is left in. Throws RangeError for one that is not known. */
export function ingredientsWithout(names: string): ReadonlySet<Ingredient> {
  const without = names.split(',').filter((name) => name !== '');
  const unknown = without.find((name) => !Object.hasOwn(INGREDIENTS, name));
  if (unknown !== undefined) throw new RangeError(`${unknown} is not one of: ${ALL_INGREDIENTS.join(', ')}`);
  return new Set(ALL_INGREDIENTS.filter((name) => !without.includes(name)));
}
