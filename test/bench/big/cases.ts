import { hash } from 'node:crypto';
import type { BigCase } from './big-case.ts';

const TRANSACTION_ROWS = 500_000;
const TEXT = '0123456789abcdef'.repeat(1024 * 1024);
const MANY_TABLES = 1000;
const MANY_COLUMNS = 1000;
const WIDE_ROWS = 2000;
const TEN_DIGITS = [
  'CREATE TABLE digits (d INT NOT NULL PRIMARY KEY)',
  'INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)',
];
/** Whole numbers from 0 to 999,999. */
const NUMBERS =
  '(SELECT a.d + 10*b.d + 100*c.d + 1000*d.d + 10000*e.d + 100000*f.d AS n FROM digits a, digits b, digits c, digits d, digits e, digits f) AS numbers';

const textHash = hash('sha256', TEXT);
const tables = names(MANY_TABLES, 't');
const columns = names(MANY_COLUMNS - 1, 'c');

const transaction: BigCase = {
  name: 'transaction',
  about: `one transaction of ${TRANSACTION_ROWS} rows`,
  ...inOneTransaction(12),
};

const plain = inOneTransaction(50);
const compressed: BigCase = {
  ...plain,
  name: 'compressed',
  about: `one compressed transaction of ${TRANSACTION_ROWS} rows, unpacked about 300 MiB`,
  async write(database) {
    // MySQL puts the whole transaction into one event; MariaDB compresses its events one by one.
    const isMysql = database.server.flavour === 'mysql';
    const setting = isMysql ? 'SESSION binlog_transaction_compression' : 'GLOBAL log_bin_compress';
    await database.run(`SET ${setting} = ON`);
    const written = await plain.write(database);
    await database.run(`SET ${setting} = OFF`);
    return written;
  },
};

const row: BigCase = {
  name: 'row',
  about: `a row with a text of ${TEXT.length / 1024 / 1024} MiB: inserted, updated (two images), deleted`,
  boundMebibytes: 400,
  sections: { topics: { maxMessageBytes: 100_000_000 } },
  tables: ['items'],
  async prepare(database) {
    await database.run('CREATE TABLE items (id INT NOT NULL PRIMARY KEY, v INT NOT NULL, body LONGTEXT)');
  },
  async write(database) {
    const insert = `INSERT INTO items VALUES (1, 1, REPEAT('0123456789abcdef', ${TEXT.length / 16}))`;
    await database.run(insert, 'UPDATE items SET v = 2', 'DELETE FROM items');
    return new Map([['items', 3]]);
  },
  check({ operation, before, after }) {
    const images = [before, after].filter((image) => image !== null);
    same('images', images.length, operation === 'UPDATE' ? 2 : 1);
    for (const image of images) same('body', hash('sha256', image['body'] as string), textHash);
  },
};

const manyTables: BigCase = {
  name: 'tables',
  about: `${MANY_TABLES} tables, read by the first snapshot and then written by one transaction`,
  boundMebibytes: 512,
  sections: { topics: { partitions: 1 } },
  tables,
  async prepare(database) {
    for (const table of tables) {
      await database.run(
        `CREATE TABLE ${table} (id INT NOT NULL PRIMARY KEY, name VARCHAR(10) NOT NULL)`,
        `INSERT INTO ${table} VALUES (1, '${table}'), (2, '${table}')`,
      );
    }
  },
  async write(database) {
    const inserts = tables.map((table) => `INSERT INTO ${table} VALUES (3, '${table}')`);
    await database.run('BEGIN', ...inserts, 'COMMIT');
    return new Map(tables.map((table) => [table, 3]));
  },
  check({ source, after }) {
    same('name', after?.['name'], source.table);
  },
};

const manyColumns: BigCase = {
  name: 'columns',
  about: `${WIDE_ROWS} rows of ${MANY_COLUMNS} columns, read by the first snapshot and then updated`,
  boundMebibytes: 400,
  sections: {},
  tables: ['wide'],
  async prepare(database) {
    const definitions = columns.map((name) => `${name} INT NOT NULL`).join(', ');
    const values = columns.map((_, place) => `n + ${place}`).join(', ');
    await database.run(
      `CREATE TABLE wide (id INT NOT NULL PRIMARY KEY, ${definitions})`,
      ...TEN_DIGITS,
      `INSERT INTO wide SELECT n, ${values} FROM ${NUMBERS} WHERE n < ${WIDE_ROWS}`,
    );
  },
  async write(database) {
    await database.run('UPDATE wide SET c0 = -1');
    return new Map([['wide', 2 * WIDE_ROWS]]);
  },
  check({ operation, key, after }) {
    const id = Number(key['id']);
    same('columns', Object.keys(after ?? {}).length, MANY_COLUMNS);
    same('c0', after?.['c0'], operation === 'UPDATE' ? -1 : id);
    for (const [place, name] of columns.entries()) {
      if (place > 0) same(name, after?.[name], id + place);
    }
  },
};

/** In the order in which they are run. */
export const BIG_CASES: readonly BigCase[] = [transaction, compressed, row, manyTables, manyColumns];

/** @param repeats how often each row repeats a text of about ten bytes */
function inOneTransaction(repeats: number): Omit<BigCase, 'name' | 'about'> {
  return {
    boundMebibytes: 400,
    sections: {},
    tables: ['items'],
    async prepare(database) {
      const create = 'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, note VARCHAR(1000) NOT NULL)';
      await database.run(create, ...TEN_DIGITS);
    },
    async write(database) {
      const note = `REPEAT(CONCAT('row ', n, ' '), ${repeats})`;
      await database.run(`INSERT INTO items SELECT n, ${note} FROM ${NUMBERS} WHERE n < ${TRANSACTION_ROWS}`);
      return new Map([['items', TRANSACTION_ROWS]]);
    },
    check({ key, after }) {
      same('note', after?.['note'], `row ${Number(key['id'])} `.repeat(repeats));
    },
  };
}

function names(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, place) => `${prefix}${place}`);
}

function same(what: string, found: unknown, wanted: unknown): void {
  if (found === wanted) return;
  throw new Error(`${what} is ${String(found).slice(0, 100)} instead of ${String(wanted).slice(0, 100)}`);
}
