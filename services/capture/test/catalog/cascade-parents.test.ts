import { expect, test } from 'vitest';
import type { TableName } from '@sluice/envelope';
import type { CascadeAction, CascadingKey } from '../../src/catalog/cascading-keys.ts';
import { cascadeDigests, cascadeParents, unfollowed } from '../../src/catalog/cascade-parents.ts';

const named = (table: string): TableName => ({ database: 'shop', table });

/** `child.column` refers to `parent.column`. */
function key(from: string, to: string, onDelete: CascadeAction, onUpdate: CascadeAction): CascadingKey {
  const [child = '', column = ''] = from.split('.');
  const [parent = '', referenced = ''] = to.split('.');
  return {
    child: named(child),
    columns: [column],
    parent: named(parent),
    referenced: [referenced],
    onDelete,
    onUpdate,
  };
}

const isCaptured = ({ table }: TableName): boolean => !table.startsWith('hidden');

test('what goes cascades through tables that are not captured, and further than one key', () => {
  const keys = [
    key('hidden.p', 'parent.id', 'CASCADE', null),
    key('child.p', 'hidden.id', 'CASCADE', null),
    key('grandchild.p', 'child.id', 'SET NULL', null),
  ];
  const parents = cascadeParents(keys, isCaptured);
  expect(Object.fromEntries(parents)).toEqual({
    'shop.parent': { onDelete: ['shop.child', 'shop.grandchild'], onUpdate: [] },
    'shop.hidden': { onDelete: ['shop.child', 'shop.grandchild'], onUpdate: [] },
    'shop.child': { onDelete: ['shop.grandchild'], onUpdate: [] },
  });
});

test('a row that loses its parent only goes on to those that refer to the column that was set to null', () => {
  const keys = [
    key('child.p', 'parent.id', 'SET NULL', null),
    key('other.c', 'child.id', 'CASCADE', 'CASCADE'),
    key('same.p', 'child.p', 'CASCADE', 'SET NULL'),
  ];
  expect(cascadeParents(keys, isCaptured).get('shop.parent')).toEqual({
    onDelete: ['shop.child', 'shop.same'],
    onUpdate: [],
  });
});

test('a changed key reaches those that refer to it, and a table may refer to itself', () => {
  const keys = [
    key('child.p', 'parent.code', null, 'CASCADE'),
    key('grandchild.p', 'child.p', null, 'CASCADE'),
    key('untouched.p', 'child.id', null, 'CASCADE'),
    key('tree.up', 'tree.id', 'CASCADE', null),
  ];
  const parents = cascadeParents(keys, isCaptured);
  expect(parents.get('shop.parent')).toEqual({
    onDelete: [],
    onUpdate: [{ columns: ['code'], tables: ['shop.child', 'shop.grandchild'] }],
  });
  expect(parents.get('shop.tree')).toEqual({ onDelete: ['shop.tree'], onUpdate: [] });
});

test('a table is told apart by what cascades to it, not by the order of its keys', () => {
  const digests = (...keys: readonly CascadingKey[]): Readonly<Record<string, string>> =>
    cascadeDigests(cascadeParents(keys, isCaptured));
  const one = key('child.p', 'parent.id', 'CASCADE', null);
  const two = key('child.q', 'other.id', null, 'CASCADE');
  const before = digests(one, two);
  expect(digests(two, one)).toEqual(before);
  expect(digests(one, two, key('grandchild.p', 'child.id', 'CASCADE', null))['shop.child']).toBe(
    before['shop.child'],
  );
  expect(digests(one)).not.toEqual(before);
  expect(digests(one, two, key('parent.p', 'top.id', 'CASCADE', null))['shop.child']).not.toBe(
    before['shop.child'],
  );
});

test('tables behind a parent that is not seen are not followed for certain', () => {
  const keys = [
    key('child.p', 'parent.id', 'CASCADE', null),
    key('grandchild.p', 'child.id', 'CASCADE', null),
    key('other.p', 'seen.id', 'CASCADE', null),
  ];
  expect(unfollowed(keys, isCaptured, (id) => id !== 'shop.parent')).toEqual([
    'shop.child',
    'shop.grandchild',
  ]);
});
