import { startStack } from '@sluice/local-stack';
import type { MysqlServer, Stack } from '@sluice/local-stack';
import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createShop, SHOP_TABLES, startWorkload } from '../src/index.ts';

const SIZES = { customers: 200, products: 60, orders: 200, notes: 80 };
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ servers: ['mysql', 'mariadb'] });
});
afterAll(() => stack.stop());

/** A fresh shop after so many changes: what the server says its tables hold. */
async function shopAfter(server: MysqlServer, seed: number, changes: number): Promise<unknown> {
  const database = 'cli_workload';
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password, charset: 'utf8mb4' });
  try {
    await createShop(connection, { seed, sizes: SIZES, database });
    const workload = startWorkload({ source: server, seed, sizes: SIZES, database, changes });
    await workload.reached(changes / 2);
    expect(workload.progress().changes).toBeGreaterThanOrEqual(changes / 2);
    expect((await workload.done).changes).toBe(changes);
    const tables = SHOP_TABLES.map(({ name }) => `${database}.${name}`).join(', ');
    const [rows] = await connection.query<RowDataPacket[]>(`CHECKSUM TABLE ${tables}`);
    return rows;
  } finally {
    await connection.end();
  }
}

describe.each(['mysql', 'mariadb'] as const)('on %s', (flavour) => {
  test('the same seed and changes end in the same rows, whatever the interleaving', async () => {
    const first = await shopAfter(stack[flavour], 11, 4000);
    expect(await shopAfter(stack[flavour], 11, 4000)).toEqual(first);
    expect(await shopAfter(stack[flavour], 12, 4000)).not.toEqual(first);
  });

  test('keeps its pace and stops when asked, with everything committed', async () => {
    const { host, port, user, password } = stack[flavour];
    const connection = await createConnection({ host, port, user, password, charset: 'utf8mb4' });
    await createShop(connection, { seed: 1, sizes: SIZES, database: 'cli_pace' });
    await connection.end();
    const startedAt = performance.now();
    const workload = startWorkload({
      source: stack[flavour],
      seed: 1,
      sizes: SIZES,
      database: 'cli_pace',
      transactionsPerSecond: 50,
    });
    await workload.reached(200);
    const { transactions } = await workload.stop();
    const seconds = (performance.now() - startedAt) / 1000;
    expect(transactions).toBeLessThanOrEqual(seconds * 50 + 8);
    expect(transactions).toBeGreaterThan(0);
  });

  test('a database that is not there ends it with the error', async () => {
    const workload = startWorkload({ source: stack[flavour], seed: 1, database: 'cli_absent' });
    await expect(workload.done).rejects.toMatchObject({ code: 'MYSQL_DATABASE_UNKNOWN' });
  });
});
