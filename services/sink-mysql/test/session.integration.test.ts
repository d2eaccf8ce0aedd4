import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { startStack } from '@sluice/local-stack';
import { connect } from '@sluice/mysql';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { mysqlSinkSchema } from '../src/config.ts';
import { targetPool } from '../src/mysql-driver.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('%s', (_, { host, port, user, password }) => {
  test('a transaction in which nobody says anything is ended, and the pool goes on', async () => {
    const database = `test_${randomUUID().slice(0, 8)}`;
    const admin = await connect({ host, port, user, password, connectTimeoutMs: 5000 });
    onTestFinished(async () => {
      await admin.query(`DROP DATABASE ${database}`);
      await admin.end();
    });
    await admin.query(`CREATE DATABASE ${database}`);
    await admin.query(`CREATE TABLE ${database}.held (id INT NOT NULL PRIMARY KEY)`);
    await admin.query(`INSERT INTO ${database}.held VALUES (1)`);
    const config = mysqlSinkSchema.parse({ host, port, user, password, transactionTimeoutMs: 3000 });
    const pool = targetPool(config, 'sinks.mysql');
    onTestFinished(() => pool.end());
    const idle = await pool.getConnection();
    const hung = await pool.getConnection();
    await idle.query('SELECT 1');
    // A server that says why it ends a session makes it an 'error'.
    const idleEnded = once(idle, 'end').catch(() => undefined);
    idle.release();
    await hung.query('START TRANSACTION');
    await hung.query(`DELETE FROM ${database}.held`);

    await admin.query('SET SESSION innodb_lock_wait_timeout = 20');
    const [result] = await admin.query(`DELETE FROM ${database}.held`);
    expect(result).toMatchObject({ affectedRows: 1 });
    await expect(hung.query('COMMIT')).rejects.toThrow();
    hung.destroy();
    await idleEnded;
    for (let use = 0; use < 3; use++) await pool.query('SELECT 1');
  });
});
