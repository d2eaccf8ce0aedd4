import { Registry } from '@sluice/runtime';
import { inTransaction, poolGauges, Sessions, type SqlDriver } from '@sluice/sql-sink';
import { describe, expect, test, vi } from 'vitest';
import { sqliteStore } from './sqlite-store.ts';

const never = new AbortController().signal;

describe('a connection', () => {
  test('goes back when its work is done, and when it could be rolled back', async () => {
    const { driver, database, returned } = sqliteStore();
    const sessions = new Sessions(driver, 10_000);
    expect(await sessions.run(never, async () => 42)).toBe(42);
    const failing = sessions.run(never, (connection) =>
      inTransaction(driver, connection, async () => {
        await driver.change(connection, `INSERT INTO sluice_floors VALUES ('t', 'a', 1)`);
        throw new Error('in the middle');
      }),
    );
    await expect(failing).rejects.toMatchObject({ code: 'MYSQL_UNKNOWN' });
    expect(returned).toEqual(['release', 'release']);
    expect(database.prepare('SELECT * FROM sluice_floors').all()).toEqual([]);
  });

  test('is destroyed when the work takes too long, is given up, or cannot be rolled back', async () => {
    const { driver, returned } = sqliteStore();
    const endless = (): Promise<never> => Promise.withResolvers<never>().promise;
    const late = new Sessions(driver, 20).run(never, endless);
    await expect(late).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
    const givenUp = new Sessions(driver, 10_000).run(AbortSignal.abort(), endless);
    await expect(givenUp).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
    expect(returned).toEqual(['destroy', 'release']);
    const broken = { ...driver, rollBack: () => Promise.reject(new Error('gone')) };
    const failing = new Sessions(broken, 10_000).run(never, () => Promise.reject(new Error('first')));
    await expect(failing).rejects.toMatchObject({ cause: { message: 'first' } });
    expect(returned).toEqual(['destroy', 'release', 'destroy']);
  });

  test('is counted while it is lent, and who waits for one', async () => {
    const { driver, database } = sqliteStore();
    const registry = new Registry();
    const { promise, resolve } = Promise.withResolvers<typeof database>();
    const slow: SqlDriver<typeof database> = { ...driver, acquire: () => promise };
    const sessions = new Sessions(slow, 10_000, poolGauges(registry, 'mysql', 4));
    const shown = async (): Promise<readonly string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith('cdc_sink_pool_'));
    const line = (inUse: number, waiting: number): readonly string[] => [
      `cdc_sink_pool_in_use_connections{sink="mysql"} ${inUse}`,
      `cdc_sink_pool_waiting_requests{sink="mysql"} ${waiting}`,
      'cdc_sink_pool_size_connections{sink="mysql"} 4',
    ];
    expect(await shown()).toEqual(line(0, 0));
    const work = Promise.withResolvers<void>();
    const first = sessions.run(never, () => work.promise);
    const second = sessions.run(never, () => Promise.reject(new Error('refused')));
    expect(await shown()).toEqual(line(0, 2));
    resolve(database);
    await expect(second).rejects.toThrow();
    expect(await shown()).toEqual(line(1, 0));
    work.resolve();
    await first;
    expect(await shown()).toEqual(line(0, 0));
  });

  test('that comes after the deadline goes back', async () => {
    const { driver, database, returned } = sqliteStore();
    const { promise, resolve } = Promise.withResolvers<typeof database>();
    const slow: SqlDriver<typeof database> = { ...driver, acquire: () => promise };
    const run = new Sessions(slow, 20).run(never, async () => undefined);
    await expect(run).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
    resolve(database);
    await vi.waitFor(() => expect(returned).toEqual(['release']));
  });
});
