import { TopicRouting } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { TableRegistry } from '../../src/catalog/table-registry.ts';
import { createTableFilter } from '../../src/model/table-filter.ts';
import { absentTables } from '../../src/session/absent-tables.ts';
import type { Checkpoint } from '../../src/state/checkpoint.ts';
import { NO_SNAPSHOTS } from '../../src/state/kept-snapshots.ts';
import { description } from '../support/descriptions.ts';

const KNOWN = ['there', 'gone', 'dropped', 'hidden'];

function registryOfAll(): TableRegistry {
  const registry = new TableRegistry(new TopicRouting({ prefix: 'p' }));
  for (const table of KNOWN)
    registry.restore({
      database: 'shop',
      table,
      version: 1,
      columns: [{ name: 'id', type: 'int', nullable: false, charset: null }],
      keyColumns: ['id'],
      sequence: '0010000010000000000',
    });
  return registry;
}

const whole = ['shop.there', 'shop.gone', 'shop.hidden', 'shop.never published'];

/** Of tables that were known, all but `dropped` were there when the checkpoint was written, and one is still shown. */
test.each([
  ['at a resume', false, null, ['gone']],
  ['after a checkpoint that was given up', true, { whole }, ['gone']],
  ['after one that was lost', true, null, ['gone', 'dropped']],
] as const)('tables that the source no longer shows, %s', (_what, isAnew, kept, expected) => {
  const checkpoint =
    kept === null ? null : ({ snapshots: { ...NO_SNAPSHOTS, ...kept } } as unknown as Checkpoint);
  const snapshots = isAnew ? NO_SNAPSHOTS : { ...NO_SNAPSHOTS, whole };
  const found = absentTables(
    { filter: createTableFilter(['shop.*'], []) },
    {
      plan: { isAnew, snapshots },
      checkpoint,
      checked: {
        found: [description({ table: 'there' })],
        refused: [{ id: 'shop.hidden', code: 'TABLE_HIDDEN', why: '' }],
      },
      registry: registryOfAll(),
    },
  );
  expect(found.map(({ table }) => table)).toEqual(expected);
});
