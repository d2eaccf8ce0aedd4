import type { Connection } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import { findGone } from '../../src/catalog/gone.ts';

const NAME = { database: 'shop', table: 'orders' };

/** A server that answers questions about these columns with errors of these numbers. */
function serverOf(errors: Readonly<Record<string, number>>): { connection: Connection; asked: string[] } {
  const asked: string[] = [];
  const query = (sql: string): Promise<unknown> => {
    asked.push(sql);
    const errno = errors[/^SELECT `(\w+)`/u.exec(sql)?.[1] ?? ''];
    return errno === undefined
      ? Promise.resolve([[]])
      : Promise.reject(Object.assign(new Error(), { errno }));
  };
  return { connection: { query } as unknown as Connection, asked };
}

describe('findGone', () => {
  test.each([
    ['all columns', { a: 1054, b: 1054 }, 'columns'],
    ['the table', { a: 1146, b: 1146 }, 'table'],
    ['the database', { a: 1049, b: 1049 }, 'table'],
    ['the table between two answers', { a: 1054, b: 1146 }, 'table'],
    ['nothing', {}, null],
    ['one of the columns only', { a: 1054 }, null],
  ])('%s', async (_what, errors, gone) => {
    const { connection, asked } = serverOf(errors);
    expect(await findGone(connection, NAME, ['a', 'b'])).toBe(gone);
    expect(asked[0]).toBe('SELECT `a` AS known FROM `shop`.`orders` LIMIT 0');
  });

  test.each([1142, 1143])('what the account may not see is not gone (error %i)', async (errno) => {
    const { connection } = serverOf({ a: errno });
    await expect(findGone(connection, NAME, ['a'])).rejects.toMatchObject({
      code: 'MYSQL_PRIVILEGE_MISSING',
    });
  });
});
