import { afterAll, expect, test } from 'vitest';
import { boundAnswers, connect, type Connection, type MysqlOptions } from '../src/index.ts';
import { startSilentServer, type SilentServer } from '../src/testing/silent-server.ts';

const CONNECT_MS = 300;
const [silent, mute] = [await startSilentServer(1), await startSilentServer(0)];
afterAll(() => {
  silent.close();
  mute.close();
});

const optionsOf = ({ host, port }: SilentServer): MysqlOptions => ({
  host,
  port,
  user: 'sluice',
  password: 'secret',
  tls: 'off',
  connectTimeoutMs: CONNECT_MS,
});

async function failing(connection: Connection): Promise<unknown> {
  return connection.query('SELECT 1').then(
    () => expect.fail('the server is silent'),
    (error: unknown) => error,
  );
}

test('a server that takes the login and answers nothing more cannot be connected to, within the time set', async () => {
  const { host, port } = mute;
  await expect(connect(optionsOf(mute))).rejects.toMatchObject({
    code: 'MYSQL_UNREACHABLE',
    message: `The server took the login, and has not answered within 0.3 s at ${host}:${port} as sluice`,
  });
});

test('who destroys a connection ends what is under way, and what waits behind it', async () => {
  const connection = await connect(optionsOf(silent));
  const asked = [failing(connection), failing(connection)];
  connection.destroy();
  connection.destroy();
  const ended = { code: 'MYSQL_UNREACHABLE', errorClass: 'retryable' };
  expect(await Promise.all(asked)).toEqual([
    expect.objectContaining(ended) as unknown,
    expect.objectContaining(ended) as unknown,
  ]);
});

test('a statement without an answer ends after the limit of its connection', async () => {
  const connection = await connect(optionsOf(silent));
  boundAnswers(connection, 100, 'db1:3306');
  expect(await failing(connection)).toMatchObject({
    code: 'MYSQL_UNREACHABLE',
    message: 'db1:3306 took the login, and has not answered within 0.1 s',
  });
  connection.destroy();
});
