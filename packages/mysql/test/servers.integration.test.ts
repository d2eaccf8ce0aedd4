import { randomUUID } from 'node:crypto';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { startStack } from '@sluice/local-stack';
import type { ResultSetHeader } from 'mysql2/promise';
import { afterAll, describe, expect, test } from 'vitest';
import {
  connect,
  createPool,
  isAtLeast,
  quoteIdentifier,
  quoteTable,
  readTables,
  readVariables,
  readVersion,
  toPipelineError,
  type Connection,
  type MysqlOptions,
  type RowDataPacket,
} from '../src/index.ts';

const stack = await startStack({ servers: ['mysql', 'mariadb'] });
afterAll(() => stack.stop());

describe('TLS', () => {
  const { host, port, user, password } = stack.mysql;
  const options: MysqlOptions = {
    host,
    port,
    user,
    password,
    connectTimeoutMs: 5000,
    tls: { rejectUnauthorized: false },
  };

  test('encrypts', async () => {
    const connection = await connect(options);
    const [rows] = await connection.query<RowDataPacket[]>("SHOW STATUS LIKE 'Ssl_version'");
    expect(rows[0]?.['Value']).toMatch(/^TLSv1\.[23]$/);
    await connection.end();
  });

  test('who destroys a connection ends what is under way', async () => {
    const connection = await connect(options);
    const asked = connection.query('SELECT SLEEP(60)').then(
      () => expect.fail('the server has answered'),
      (cause: unknown) => toPipelineError(cause),
    );
    connection.destroy();
    expect((await asked).code).toBe('MYSQL_UNREACHABLE');
  });

  test.each([
    ['closed', (socket: Socket) => socket.end()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('a connection %s in the middle of the handshake is a matter of the network', async (_, cut) => {
    const proxy = createServer((client) => {
      const server = createConnection(port, host);
      server.pipe(client);
      client.on('error', () => undefined).once('data', () => cut(client));
      client.on('close', () => server.destroy());
    });
    await new Promise<void>((resolve) => {
      proxy.listen(0, '127.0.0.1', resolve);
    });
    const { port: proxyPort } = proxy.address() as AddressInfo;
    await expect(connect({ ...options, port: proxyPort })).rejects.toMatchObject({
      code: 'MYSQL_UNREACHABLE',
    });
    proxy.close();
  });
});

describe.each(['mysql', 'mariadb'] as const)('%s', (flavour) => {
  const { host, port, user, password } = stack[flavour];
  const options: MysqlOptions = { host, port, user, password, connectTimeoutMs: 5000 };
  const database = `types_${randomUUID().replaceAll('-', '')}`;
  const opened: Connection[] = [];

  async function open(more: Partial<MysqlOptions> = {}): Promise<Connection> {
    const connection = await connect({ ...options, ...more });
    opened.push(connection);
    return connection;
  }

  afterAll(async () => {
    const connection = await connect(options);
    await connection.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)}`);
    await connection.end();
    for (const each of opened) each.destroy();
  });

  describe('a connection that cannot be had says why', () => {
    test('wrong password', async () => {
      await expect(open({ user: 'nobody', password: 'hunter2' })).rejects.toMatchObject({
        code: 'MYSQL_AUTH_FAILED',
        message: `MySQL gave ER_ACCESS_DENIED_ERROR (1045) at ${host}:${port} as nobody`,
        context: { errno: 1045, host, port, user: 'nobody' },
      });
    });

    test('unknown database', async () => {
      await expect(open({ database: 'no_such_database' })).rejects.toMatchObject({
        code: 'MYSQL_DATABASE_UNKNOWN',
      });
    });

    test('nobody listens', async () => {
      await expect(open({ port: 1 })).rejects.toMatchObject({
        code: 'MYSQL_UNREACHABLE',
        context: { code: 'ECONNREFUSED' },
      });
    });

    test('TLS that the server does not have, or cannot prove', async () => {
      const tls = { rejectUnauthorized: true };
      await expect(open({ tls })).rejects.toMatchObject({ code: 'MYSQL_TLS_FAILED', errorClass: 'fatal' });
      const caFile = '/no/such/ca.pem';
      await expect(open({ tls: { ...tls, caFile } })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        context: { file: caFile },
      });
    });

    test('a server that accepts and never speaks, within the time set', async () => {
      const silent = createServer();
      await new Promise<void>((resolve) => {
        silent.listen(0, '127.0.0.1', resolve);
      });
      const { port: silentPort } = silent.address() as AddressInfo;
      await expect(open({ port: silentPort, connectTimeoutMs: 100 })).rejects.toMatchObject({
        code: 'MYSQL_UNREACHABLE',
      });
      silent.close();
    });
  });

  test('the session: UTC, strict, utf8mb4, exact big integers, dates as text', async () => {
    const connection = await open();
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT @@time_zone AS zone, @@sql_mode AS mode, @@character_set_connection AS charset, 9223372036854775807 AS big, '😀' AS text, DATE '2026-11-21' AS day",
    );
    expect(rows[0]).toEqual({
      zone: '+00:00',
      mode: 'NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION',
      charset: 'utf8mb4',
      big: '9223372036854775807',
      text: '😀',
      day: '2026-11-21',
    });
    await expect(connection.query('SELECT 1; SELECT 2')).rejects.toMatchObject({ errno: 1064 });
  });

  test('affected rows are changed rows, not found ones', async () => {
    const connection = await open();
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}`);
    const table = quoteTable(database, 'counted');
    await connection.query(`CREATE TEMPORARY TABLE ${table} (id INT PRIMARY KEY, a INT)`);
    await connection.query(`INSERT INTO ${table} VALUES (1, 1)`);
    const [same] = await connection.query<ResultSetHeader>(`UPDATE ${table} SET a = 1`);
    const [changed] = await connection.query<ResultSetHeader>(`UPDATE ${table} SET a = 2`);
    expect([same.affectedRows, changed.affectedRows]).toEqual([0, 1]);
  });

  test('every connection of a pool has the same session', async () => {
    const pool = createPool(options, 2);
    const zones = await Promise.all(
      [1, 2, 3].map(async () => {
        const [rows] = await pool.query<RowDataPacket[]>('SELECT @@time_zone AS zone, SLEEP(0.01)');
        return rows[0]?.['zone'] as unknown;
      }),
    );
    expect(zones).toEqual(['+00:00', '+00:00', '+00:00']);
    await pool.end();
  });

  test('a killed connection does not end the process; its next statement is MYSQL_UNREACHABLE', async () => {
    const victim = await open();
    const killer = await open();
    const closed = new Promise((resolve) => victim.on('end', resolve));
    await killer.query(`KILL ${victim.threadId}`);
    await closed;
    const error = await victim.query('SELECT 1').then(
      () => expect.fail('the connection lives'),
      (cause: unknown) => toPipelineError(cause),
    );
    expect(error.code).toBe('MYSQL_UNREACHABLE');
  });

  test('version and variables', async () => {
    const connection = await open();
    const version = await readVersion(connection);
    expect(version.flavour).toBe(flavour);
    expect(isAtLeast(version, 8)).toBe(true);
    const variables = await readVariables(connection, ['binlog_format', 'log_bin', 'no_such_variable']);
    expect([...variables.keys()].sort()).toEqual(['binlog_format', 'log_bin']);
    expect(variables.get('binlog_format')).toBe('ROW');
    expect(await readVariables(connection, [])).toEqual(new Map());
  });

  test('tables: columns in order, keys in key order, which unique index can serve as a key', async () => {
    const connection = await open();
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}`);
    await connection.query(`CREATE TABLE ${quoteTable(database, 'lines`x')} (
      line INT NOT NULL, order_id BIGINT UNSIGNED NOT NULL, Sku VARCHAR(20) NOT NULL, note TEXT CHARACTER SET latin1,
      at DATETIME(3) NULL, price DECIMAL(12,2) NOT NULL DEFAULT 1.5, total DECIMAL(14,2) AS (price * 2) STORED,
      PRIMARY KEY (order_id, line), UNIQUE KEY by_sku (Sku), UNIQUE KEY by_prefix (Sku(5)), UNIQUE KEY by_at (at, line))`);
    await connection.query(`CREATE TABLE ${quoteTable(database, 'bare')} (a INT)`);
    await connection.query(`CREATE VIEW ${quoteTable(database, 'a_view')} AS SELECT 1 AS x`);
    const tables = await readTables(connection, [database, 'no_such_database']);
    expect(tables.map(({ table }) => table)).toEqual(['bare', 'lines`x']);
    expect(tables[0]).toMatchObject({ database, engine: 'InnoDB', primaryKey: [], uniqueIndexes: [] });
    const lines = tables[1];
    expect(lines?.columns.map((column) => column.COLUMN_NAME)).toEqual([
      'line',
      'order_id',
      'Sku',
      'note',
      'at',
      'price',
      'total',
    ]);
    expect(lines?.primaryKey).toEqual(['order_id', 'line']);
    expect(lines?.uniqueIndexes).toEqual([
      { name: 'by_at', columns: ['at', 'line'], usableAsKey: false },
      { name: 'by_prefix', columns: ['Sku'], usableAsKey: false },
      { name: 'by_sku', columns: ['Sku'], usableAsKey: true },
    ]);
    expect(lines?.columns[3]).toMatchObject({
      ORDINAL_POSITION: 4,
      DATA_TYPE: 'text',
      IS_NULLABLE: 'YES',
      CHARACTER_SET_NAME: 'latin1',
    });
    expect(lines?.columns[4]).toMatchObject({
      COLUMN_TYPE: 'datetime(3)',
      DATETIME_PRECISION: 3,
      CHARACTER_SET_NAME: null,
    });
    expect(lines?.columns[5]).toMatchObject({
      COLUMN_TYPE: 'decimal(12,2)',
      NUMERIC_PRECISION: 12,
      NUMERIC_SCALE: 2,
      IS_NULLABLE: 'NO',
    });
    expect(lines?.columns[6]).toMatchObject({ EXTRA: 'STORED GENERATED' });
    expect(lines?.columns[6]?.GENERATION_EXPRESSION).toContain('price');
    expect(await readTables(connection, [])).toEqual([]);
  });
});
