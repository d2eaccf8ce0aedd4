import { startStack } from '@sluice/local-stack';
import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import { isOutage } from '../src/index.ts';
import { openRowConnection, streamRows, type RowConnection } from '../src/source-rows.ts';

const stack = await startStack({ servers: ['mysql'] });
afterAll(() => stack.stop());

async function rowsOf(connection: RowConnection, sql: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const row of streamRows(connection, sql)) rows.push(row);
  return rows;
}

/** Ends a connection from another one; resolves when its driver knows it. */
async function kill(connection: RowConnection): Promise<void> {
  const lost = once(connection.stream, 'error').catch(() => undefined);
  const other = await openRowConnection(stack.mysql);
  await other.promise.query(`KILL ${connection.stream.threadId}`);
  await other.close();
  await lost;
}

test('a connection that was ended while nothing was asked of it refuses the next question', async () => {
  const connection = await openRowConnection(stack.mysql);
  expect(await rowsOf(connection, 'SELECT 1')).toEqual([['1']]);
  await kill(connection);
  const asked = rowsOf(connection, 'SELECT 1').then(
    () => null,
    (error: unknown) => error,
  );
  expect(isOutage(await asked)).toBe(true);
  await connection.close().catch(() => undefined);
});

test('one that is ended while it sends rows refuses the rest', async () => {
  const connection = await openRowConnection(stack.mysql);
  const rows = streamRows(
    connection,
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + SLEEP(1) + 1 FROM n WHERE i < 60) SELECT i FROM n',
  );
  const first = rows.next().then(
    () => null,
    (error: unknown) => error,
  );
  const other = await openRowConnection(stack.mysql);
  await expect
    .poll(() =>
      rowsOf(
        other,
        `SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = ${connection.stream.threadId}`,
      ),
    )
    .toEqual([['User sleep']]);
  await other.promise.query(`KILL ${connection.stream.threadId}`);
  expect(isOutage(await first)).toBe(true);
  await other.close();
  await connection.close().catch(() => undefined);
});
