import { ByteWriter } from '@sluice/binlog';
import { startStack } from '@sluice/local-stack';
import { connect, readTable, type Connection } from '@sluice/mysql';
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { SnapshotTable, type SelectedRow } from '../../src/snapshot/snapshot-table.ts';

const stack = await startStack({ servers: ['mysql', 'mariadb'] });
afterAll(() => stack.stop());

/** Type of a key column and values of it, as SQL, that its order puts otherwise than their texts or bytes. */
const TYPES: readonly [type: string, values: readonly string[]][] = [
  ["enum('z','m','a','','k')", ["'z'", "'m'", "'a'", "''", "'k'"]],
  ["set('z','m','a')", ["''", "'z'", "'m'", "'z,m'", "'a'", "'z,a'", "'m,a'", "'z,m,a'"]],
  ['bit(12)', ['0', '1', '9', '10', '53', '100', '4095']],
  ['bigint unsigned', ['0', '9', '10', '9007199254740993', '18446744073709551615']],
  ['decimal(20,3)', ['-10.5', '-9', '0', '9', '10.001', '12345678901234567.891']],
  ['float', ['-1.5', '0.1', '0.3', '3.4e38', '1e-30', '16777216']],
  ['double', ['-1e300', '0.1', '0.30000000000000004', '1e22', '5e-324']],
  ['year', ['0', '1901', '1999', '2000', '2155']],
  ['date', ["'0000-00-00'", "'1000-01-01'", "'2026-00-00'", "'2026-11-21'", "'9999-12-31'"]],
  ['datetime(3)', ["'0000-00-00'", "'1000-01-01 00:00:00.001'", "'2026-11-21 09:05:34.233'"]],
  [
    'timestamp(6) NOT NULL',
    ["'1970-01-02 00:00:01'", "'2026-11-21 09:05:34.233197'", "'2026-11-21 09:05:34.3'"],
  ],
  ['time(1)', ["'-838:59:58.9'", "'-01:00:00'", "'00:00:00'", "'09:00:00'", "'10:00:00.5'", "'100:00:00'"]],
  [
    'varchar(20) COLLATE utf8mb4_general_ci',
    ["''", "'a'", "'B'", "'c'", "'ä1'", "'Z'", "'ß'", "'日本'", "'😀'"],
  ],
  ['varchar(20) CHARACTER SET latin1', ["'a'", "'B'", "'ä'", "'é'", "'Z'"]],
  ['varchar(20) COLLATE utf8mb4_bin', ["'a'", "'B'", "'\\0'", "'\\''", "'\\\\'"]],
  ['char(5)', ["'a'", "'b'", "'1'", "'10'", "'9'"]],
  ['varbinary(10)', ["''", "x'00'", "x'0000'", "x'7f'", "x'80'", "x'ff'", "'a'"]],
  ['binary(3)', ["x'00'", "x'01'", "x'0001'", "x'ff00ff'"]],
];
const MARIADB_TYPES: typeof TYPES = [
  [
    'uuid',
    [
      "'00000000-0000-0000-0000-000000000001'",
      "'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'",
      "'0fffffff-7dec-11d0-a765-00a0c91e6bf7'",
      "'123e4567-e89b-42d3-a456-426655440000'",
    ],
  ],
  ['year(2)', ['1901', '2001', '1970', '2069', '2155']],
  ['inet6', ["'::'", "'::1'", "'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.1'"]],
  ['inet4', ["'0.0.0.0'", "'9.1.1.1'", "'10.0.0.1'", "'192.168.0.1'"]],
];

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  const types = server.flavour === 'mariadb' ? [...TYPES, ...MARIADB_TYPES] : TYPES;

  test.each(types)('pages by a key of %s bring every row once', async (type, values) => {
    const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
    const database = `keys_${randomBytes(5).toString('hex')}`;
    try {
      await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
      await connection.query(`CREATE TABLE ${database}.t (other INT, a ${type}, b INT, PRIMARY KEY (a, b))`);
      const rows = values.flatMap((value) => [1, 2].map((b) => `(${b}, ${value}, ${b})`));
      await connection.query(`INSERT INTO ${database}.t VALUES ${rows.join(', ')}`);
      for (const limit of [1, 2, 3])
        expect(await keysOfPages(connection, database, limit)).toHaveLength(rows.length);
    } finally {
      await connection.query(`DROP DATABASE IF EXISTS ${database}`);
      connection.destroy();
    }
  });

  async function keysOfPages(connection: Connection, database: string, limit: number): Promise<string[]> {
    const description = await readTable(connection, database, 't');
    if (description === null) throw new Error('the table is not there');
    const table = new SnapshotTable(description, undefined, { flavour: server.flavour, version: '' });
    const keys: string[] = [];
    let after: string[] | null = null;
    for (let more = true; more && keys.length < 100;) {
      const sql: string = table.pageSql({ after, limit, condition: null, lock: false });
      const [result] = await connection.query({ sql, rowsAsArray: true, typeCast: false });
      const page = result as unknown as SelectedRow[];
      keys.push(...table.keyTexts(page, new ByteWriter(64)));
      const last = page.at(-1);
      if (last !== undefined) after = table.keyOf(last);
      more = page.length === limit;
    }
    expect(new Set(keys).size).toBe(keys.length);
    return keys;
  }
});
