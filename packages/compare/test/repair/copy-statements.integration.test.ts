import { startStack, type MysqlServer } from '@sluice/local-stack';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  compareRunning,
  copyStatements,
  openRowConnection,
  openStore,
  readRunningTable,
  SQL_FILE_HEAD,
  type PublishedTable,
  type RunningFindings,
} from '../../src/index.ts';

const stack = await startStack({ servers: ['mysql', 'mariadb', 'target-mysql'] });
const [DATABASE, COPY] = ['copy_statements', 'copy_statements_copy'];
const published = (table: string, ...columns: readonly string[]): PublishedTable => ({
  database: DATABASE,
  table,
  columns: ['id', ...columns].map((name) => ({ source: name, published: name, treatment: '' })),
  keyColumns: ['id'],
  refused: null,
});

async function onServer(server: MysqlServer, ...statements: readonly string[]): Promise<void> {
  const connection = await openRowConnection(server);
  try {
    for (const statement of statements) await connection.promise.query(statement);
  } finally {
    await connection.close();
  }
}

/** Values that a careless statement would change, of types that both flavours have. */
const ODD: readonly (readonly [type: string, value: string, other: string])[] = [
  ['tinyint unsigned', '255', '254'],
  ['bigint', '-9223372036854775808', '-9223372036854775807'],
  ['bigint unsigned', '18446744073709551615', '18446744073709551614'],
  ['decimal(38,9)', '12345678901234567890.123456789', '12345678901234567890.12345679'],
  ['float', '16777217.1', '16777214'],
  ['float', '0.1', '0.10000001'],
  ['float', '1.17549435e-38', '0'],
  ['double', '0.1e-300', '0'],
  ['double', '-1.7976931348623157e308', '-1.7976931348623155e308'],
  ['bit(12)', "b'101010101010'", "b'101010101011'"],
  ['year', '2026', '2027'],
  ['date', "'0000-00-00'", "'2026-02-31'"],
  ['time(3)', "'-838:59:58.999'", "'-838:59:58.998'"],
  ['datetime(6)', "'2026-11-29 08:00:00.123456'", "'2026-11-29 08:00:00.123457'"],
  ['timestamp(3) NULL', "'2026-11-29 08:00:00.123'", "'2026-11-29 09:00:00.123'"],
  ['varchar(40) CHARACTER SET latin1', "'é trailing '", "'é trailing'"],
  ['varchar(40) CHARACTER SET utf16', "'日本'", "'日木'"],
  ['text', "'it''s \\\\ and \\n \\0 \\Z; -- x'", "'it'"],
  ['varbinary(9)', "X'00FF27'", "X'00FF2700'"],
  ['blob', "X'80'", "X''"],
  ["enum('a','b')", "'b'", "'a'"],
  ["set('a','b','c')", "'a,c'", "'a'"],
  ['point', "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(1 3)')"],
];

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('SQL for a copy on %s', (_, target) => {
  const { host, port, user, password } = target;
  const settings = { type: 'mysql', host, port, user, password, databases: { [DATABASE]: COPY } };

  beforeEach(async () => {
    await onServer(stack.mysql, `DROP DATABASE IF EXISTS ${DATABASE}`, `CREATE DATABASE ${DATABASE}`);
    await onServer(target, `DROP DATABASE IF EXISTS ${COPY}`, `CREATE DATABASE ${COPY}`);
  });

  function compare(...tables: readonly PublishedTable[]): Promise<RunningFindings> {
    return compareRunning({
      takes: () => true,
      source: stack.mysql,
      tables,
      sinks: { copy: settings },
      scope: { condition: () => null, keys: null, sample: null },
      rowsPerSecond: 1_000_000,
      applied: () => Promise.resolve(null),
      onProgress: () => undefined,
      signal: AbortSignal.timeout(60_000),
    });
  }

  /** Compares, writes the statements, runs them as a person does, and compares again: what differs then. */
  async function repaired(...tables: readonly PublishedTable[]): Promise<readonly string[]> {
    const { differences } = await compare(...tables);
    expect(differences.length).toBeGreaterThan(0);
    const source = await openRowConnection(stack.mysql);
    const store = await openStore('copy', settings);
    let sql = SQL_FILE_HEAD;
    for (const name of tables) {
      const { table } = await readRunningTable(source, name);
      if (table === null) throw new Error(name.table);
      const rows = await store.open(table);
      const { copy } = rows;
      if (copy === undefined) throw new Error('no server');
      const some = differences.filter((row) => row.table === `${DATABASE}.${name.table}`);
      sql += (await copyStatements(some, { source, table, rows: { ...rows, copy } })).sql;
    }
    await Promise.all([source.close(), store.close()]);
    const statements = sql.split(';\n').filter((statement) => statement !== '');
    await onServer(target, ...statements);
    return (await compare(...tables)).differences.map(({ kind, key }) => `${kind} ${key?.['id']}`);
  }

  test('rows that have exchanged their unique values are repaired', async () => {
    const columns = '(id INT NOT NULL PRIMARY KEY, code VARCHAR(9), note VARCHAR(9), UNIQUE KEY (code))';
    const rows = `(1, 'b', 'x'), (2, 'a', 'x'), (3, 'd', 'x'), (4, 'c', 'x'), (5, NULL, 'x')`;
    await onServer(
      stack.mysql,
      `CREATE TABLE ${DATABASE}.t ${columns}`,
      `INSERT INTO ${DATABASE}.t VALUES ${rows}`,
    );
    await onServer(
      target,
      `CREATE TABLE ${COPY}.t ${columns}`,
      // 1 and 2 exchanged, 3 has the value of 4, which is missing; 9 is extra and has one of 3.
      `INSERT INTO ${COPY}.t VALUES (1, 'a', 'x'), (2, 'b', 'x'), (3, 'c', 'x'), (9, 'd', 'x'), (5, NULL, 'x')`,
    );
    expect(await repaired(published('t', 'code', 'note'))).toEqual([]);
  });

  test('values of any type come as they are in the source, under a key of bytes', async () => {
    const columns = `id VARBINARY(9) NOT NULL PRIMARY KEY, ${ODD.map(([type], at) => `c${at} ${type}`).join(', ')}`;
    const values = ODD.map(([, value]) => value).join(', ');
    const others = ODD.map(([, , other]) => other).join(', ');
    const nulls = ODD.map(() => 'NULL').join(', ');
    await onServer(
      stack.mysql,
      `CREATE TABLE ${DATABASE}.t (${columns})`,
      `INSERT INTO ${DATABASE}.t VALUES ('a', ${values}), ('A', ${values}), (X'00', ${nulls}), ('b ', ${values}), ('', ${others})`,
    );
    await onServer(
      target,
      `CREATE TABLE ${COPY}.t (${columns})`,
      `INSERT INTO ${COPY}.t VALUES ('a', ${others}), (X'00', ${values}), ('b', ${values}), ('', ${nulls})`,
    );
    const names = ODD.map((_, at) => `c${at}`);
    const { differences } = await compare(published('t', ...names));
    const [first] = differences.filter(
      ({ kind, columns: changed }) => kind === 'different' && changed.length > 0,
    );
    expect(first?.columns).toHaveLength(ODD.length);
    expect(await repaired(published('t', ...names))).toEqual([]);
  });

  test('a column of the copy that is not written keeps its value', async () => {
    const columns = 'id INT NOT NULL PRIMARY KEY, code VARCHAR(9), UNIQUE KEY (code)';
    await onServer(
      stack.mysql,
      `CREATE TABLE ${DATABASE}.t (${columns})`,
      `INSERT INTO ${DATABASE}.t VALUES (1, 'b')`,
    );
    await onServer(
      target,
      `CREATE TABLE ${COPY}.t (${columns}, own VARCHAR(9))`,
      `INSERT INTO ${COPY}.t VALUES (1, 'a', 'mine')`,
    );
    expect(await repaired(published('t', 'code'))).toEqual([]);
    const connection = await openRowConnection(target);
    const [rows] = await connection.promise.query(`SELECT * FROM ${COPY}.t`);
    await connection.close();
    expect(rows).toEqual([{ id: 1, code: 'b', own: 'mine' }]);
  });

  test('rows are written in any order of tables, and a deleted one takes no rows of other tables with it', async () => {
    const parent = '(id INT NOT NULL PRIMARY KEY, v INT)';
    const child = (database: string): string =>
      `(id INT NOT NULL PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES ${database}.parent (id) ON DELETE CASCADE)`;
    await onServer(
      stack.mysql,
      `CREATE TABLE ${DATABASE}.parent ${parent}`,
      `CREATE TABLE ${DATABASE}.child ${child(DATABASE)}`,
      `INSERT INTO ${DATABASE}.parent VALUES (1, 1), (2, 2)`,
      `INSERT INTO ${DATABASE}.child VALUES (10, 1), (20, 2), (30, NULL)`,
    );
    await onServer(
      target,
      `CREATE TABLE ${COPY}.parent ${parent}`,
      `CREATE TABLE ${COPY}.child ${child(COPY)}`,
      `INSERT INTO ${COPY}.parent VALUES (1, 9), (7, 7)`,
      `INSERT INTO ${COPY}.child VALUES (10, 1), (30, 7)`,
    );
    const tables = [published('child', 'parent'), published('parent', 'v')];
    expect(await repaired(...tables)).toEqual([]);
  });
});

afterAll(async () => {
  await onServer(stack.mysql, `DROP DATABASE IF EXISTS ${DATABASE}`);
  for (const target of [stack.targetMysql, stack.mariadb])
    await onServer(target, `DROP DATABASE IF EXISTS ${COPY}`);
  await stack.stop();
});
