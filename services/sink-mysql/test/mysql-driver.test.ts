import type { Pool } from '@sluice/mysql';
import { expect, test } from 'vitest';
import { mysqlDriver } from '../src/mysql-driver.ts';

const { toError } = mysqlDriver({} as Pool, '');

test.each(['item', 'connection'] as const)(
  'a lock that others hold is the trouble of its table, not of the server (%s)',
  (scope) => {
    const wait = Object.assign(new Error('Lock wait timeout exceeded'), {
      errno: 1205,
      code: 'ER_LOCK_WAIT_TIMEOUT',
    });
    const failure = toError(wait, scope);
    expect(failure).toMatchObject({ code: 'TARGET_LOCKED', context: { errno: 1205 }, cause: wait });
    expect(failure.message).toContain('MySQL gave ER_LOCK_WAIT_TIMEOUT (1205)');
    expect(toError(failure, scope)).toBe(failure);
  },
);

test('what else makes a server busy stays its own', () => {
  const full = Object.assign(new Error('The table is full'), { errno: 1114, code: 'ER_RECORD_FILE_FULL' });
  expect(toError(full, 'item').code).toBe('MYSQL_BUSY');
});
