import { startStack } from '@sluice/local-stack';
import { connect, type Connection } from '@sluice/mysql';
import { afterAll, describe, expect, test } from 'vitest';
import { askRetention } from '../../src/source/ask-retention.ts';
import { PurgeForecast } from '../../src/source/purge-forecast.ts';
import { describeServer, readBinlogStatus } from '../../src/source/server.ts';

const stack = await startStack({ servers: ['mysql', 'mariadb'] });
afterAll(() => stack.stop());

/** Nothing that other tests read may be purged by it. */
const LONG_SECONDS = 40 * 86_400;

describe.each(['mysql', 'mariadb'] as const)('%s', (flavour) => {
  test('the retention that is set, and the files that there are, are told', async () => {
    const connection = await connect({ ...stack[flavour], connectTimeoutMs: 10_000 });
    const [[before]] = (await connection.query(
      'SELECT @@GLOBAL.binlog_expire_logs_seconds AS seconds',
    )) as never as [[{ seconds: number }]];
    try {
      await connection.query(`SET GLOBAL binlog_expire_logs_seconds = ${LONG_SECONDS}`);
      const status = await readBinlogStatus(connection, await describeServer(connection));
      const answer = await askRetention(connection);
      expect(answer.expireSeconds).toBe(LONG_SECONDS);
      expect(answer.files.get(status.file)).toBeGreaterThanOrEqual(status.position);
      expect(Math.abs(answer.skewSeconds)).toBeLessThan(1);
      await expectForecast(connection, status.file);
    } finally {
      await connection.query(`SET GLOBAL binlog_expire_logs_seconds = ${before.seconds}`);
      connection.destroy();
    }
  });
});

/** Of a file that is written, of one that was left a while ago, and of one that is gone. */
async function expectForecast(connection: Connection, written: string): Promise<void> {
  const forecast = new PurgeForecast();
  const where = { position: 4, committedAtMs: Date.now() - 60_000 };
  await connection.query('FLUSH BINARY LOGS');
  forecast.note(await askRetention(connection), { ...where, file: written });
  expect(forecast.headroomSeconds(Date.now())).toBeGreaterThan(LONG_SECONDS - 65);
  expect(forecast.headroomSeconds(Date.now())).toBeLessThan(LONG_SECONDS - 55);
  forecast.note(await askRetention(connection), { ...where, file: `${written}0` });
  expect(forecast.headroomSeconds(Date.now())).toBe(0);
}
