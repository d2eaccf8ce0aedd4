import type { Connection } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { examineTable } from '../../src/preflight/examine-table.ts';
import { columnRow } from '../support/descriptions.ts';

const NAME = { TABLE_SCHEMA: 'shop', TABLE_NAME: 'orders' };
const CONFIG = { source: { keys: {} }, tables: {} } as unknown as SluiceConfig;

interface Answers {
  readonly grant: string;
  readonly isShown: boolean;
  /** Number of the error that a SELECT gets; 0 for none. */
  readonly errno: number;
}

/** What is wrong with `shop.orders`, and the SELECTs that were asked of the table itself. */
async function examine({ grant, isShown, errno }: Answers): Promise<unknown[]> {
  const selects: string[] = [];
  const answers: readonly (readonly [string, readonly object[]])[] = [
    ['SHOW GRANTS', [{ Grants: grant }]],
    ['.TABLES', [NAME]],
    ['.COLUMNS', [{ ...NAME, ...columnRow('id') }]],
    ['.STATISTICS', [{ ...NAME, INDEX_NAME: 'PRIMARY', COLUMN_NAME: 'id', SUB_PART: null }]],
  ];
  const query = (sql: string): Promise<unknown> => {
    if (sql.includes('LIMIT 0')) {
      selects.push(sql);
      return errno === 0 ? Promise.resolve([[]]) : Promise.reject(Object.assign(new Error(), { errno }));
    }
    const rows = answers.find(([of]) => sql.includes(of))?.[1] ?? [];
    return Promise.resolve([isShown || !sql.includes('information_schema') ? rows : []]);
  };
  const name = { database: 'shop', table: 'orders' };
  const found = await examineTable({ query } as unknown as Connection, CONFIG, name, "'app'@'%'");
  return [found.description !== null, found.refusal?.code ?? null, selects.length];
}

const EVERYWHERE = 'GRANT SELECT ON *.* TO `app`@`%`';
const COLUMN = 'GRANT SELECT (`id`) ON `shop`.`orders` TO `app`@`%`';

test.each([
  [
    'may certainly be read: it is not asked, who has locked it would be waited for',
    EVERYWHERE,
    true,
    0,
    [true, null, 0],
  ],
  ['may perhaps be read, and may', COLUMN, true, 0, [true, null, 1]],
  ['may perhaps be read, and may not', COLUMN, true, 1142, [true, 'TABLE_HIDDEN', 1]],
  ['is not shown, and is there', COLUMN, false, 1142, [false, 'TABLE_HIDDEN', 1]],
  ['is not there', EVERYWHERE, false, 1146, [false, null, 1]],
] as const)('a table that %s', async (_what, grant, isShown, errno, expected) => {
  expect(await examine({ grant, isShown, errno })).toEqual(expected);
});
