import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADDRESS_VARIABLES, makeCertificates, startStack } from '@sluice/local-stack';
import type { ClientTls } from '@sluice/runtime';
import { afterAll, describe, expect, test } from 'vitest';
import { connect, createPool, type Connection, type MysqlOptions, type RowDataPacket } from '../src/index.ts';

const folder = await mkdtemp(join(tmpdir(), 'sluice-tls-'));
const files = makeCertificates(folder);
const flags = [`--ssl-ca=${files.ca}`, `--ssl-cert=${files.server.cert}`, `--ssl-key=${files.server.key}`];
const env = { ...process.env };
for (const name of ['mysql', 'mariadb', 'target-mysql'] as const) delete env[ADDRESS_VARIABLES[name]];
const stack = await startStack({
  servers: ['mysql', 'mariadb', 'target-mysql'],
  flags: { mysql: flags, mariadb: flags, 'target-mysql': ['--tls-version='] },
  env,
});
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true });
});

const client = { certFile: files.client.cert, keyFile: files.client.key };
const good: ClientTls = { caFile: files.ca, ...client, rejectUnauthorized: true };

async function cipher(connection: Connection): Promise<unknown> {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW STATUS LIKE 'Ssl_version'");
  return rows[0]?.['Value'];
}

describe.each(['mysql', 'mariadb'] as const)('%s', (flavour) => {
  const { host, port, user, password } = stack[flavour];
  const options: MysqlOptions = { host, port, user, password, connectTimeoutMs: 5000 };
  const withTls = (tls: ClientTls): MysqlOptions => ({
    ...options,
    user: 'certified',
    password: 'Pass-word-1',
    tls,
  });

  test('an account that must show a certificate logs in with one, over one and the same address by IP or by name', async () => {
    const root = await connect({ ...options, tls: 'off' });
    expect(await cipher(root)).toBe('');
    await root.query("CREATE USER certified IDENTIFIED BY 'Pass-word-1' REQUIRE X509");
    await root.query('GRANT SELECT ON mysql.* TO certified');
    await root.end();
    for (const tls of [
      good,
      { ...good, serverName: 'server.test' },
      { ...good, minVersion: 'TLSv1.3' as const },
    ]) {
      const connection = await connect(withTls(tls));
      expect(await cipher(connection)).toBe('TLSv1.3');
      await connection.end();
    }
    const pool = createPool(withTls(good), 1);
    const [rows] = await pool.query<RowDataPacket[]>('SELECT CURRENT_USER() AS who');
    expect(rows[0]?.['who']).toBe('certified@%');
    await pool.end();
  });

  test.each([
    ['a certificate of another authority', { ...good, caFile: files.otherCa }, 'MYSQL_TLS_FAILED'],
    ['a certificate with another name', { ...good, serverName: 'other.test' }, 'MYSQL_TLS_FAILED'],
    ['a file that is not there', { ...good, caFile: '/no/such/ca.pem' }, 'CONFIG_INVALID'],
    ['a key of another certificate', { ...good, keyFile: files.expired.key }, 'CONFIG_INVALID'],
    ['no client certificate', { caFile: files.ca, rejectUnauthorized: true }, 'MYSQL_AUTH_FAILED'],
  ])('%s is refused', async (_, tls, code) => {
    await expect(connect(withTls(tls))).rejects.toMatchObject({ code });
  });

  test('an expired client certificate is refused', async () => {
    const expired = { ...good, certFile: files.expired.cert, keyFile: files.expired.key };
    await expect(connect(withTls(expired))).rejects.toMatchObject({
      code: expect.stringMatching(/^MYSQL_(TLS_FAILED|UNREACHABLE)$/) as string,
    });
  });
});

/** MySQL itself loads none; one that expires while it runs meets the same code of the client. */
test('an expired certificate of the server is refused', async () => {
  const { host, port, user, password } = stack.mariadb;
  const options: MysqlOptions = { host, port, user, password, connectTimeoutMs: 5000 };
  await (await connect({ ...options, tls: good })).end();
  await copyFile(files.expired.cert, files.server.cert);
  await copyFile(files.expired.key, files.server.key);
  const root = await connect({ ...options, tls: 'off' });
  await root.query('FLUSH SSL');
  await root.end();
  await expect(connect({ ...options, tls: good })).rejects.toMatchObject({ code: 'MYSQL_TLS_FAILED' });
});

test('a server without TLS is refused where TLS is asked for', async () => {
  const { host, port, user, password } = stack.targetMysql;
  const options: MysqlOptions = { host, port, user, password, connectTimeoutMs: 5000 };
  await expect(connect({ ...options, tls: good })).rejects.toMatchObject({ code: 'MYSQL_TLS_FAILED' });
  await (await connect(options)).end();
});
