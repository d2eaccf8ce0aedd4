import { tableIdOf, type TableName } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { originsOf } from '../../src/ddl/origins.ts';

const named = (table: string): TableName => ({ database: 'shop', table });

test.each<[string, string[]]>([
  ['users>people', ['users>people']],
  ['users>people, people>persons', ['users>persons']],
  ['users>old, new>users', ['users>old', 'new>users (replaces)']],
  ['a>tmp, b>a, tmp>b', ['b>a (replaces)', 'a>b (replaces)']],
  ['a>b, c>d', ['a>b', 'c>d']],
])('%s', (renamed, expected) => {
  const pairs = renamed.split(', ').map((pair) => {
    const [from = '', to = ''] = pair.split('>');
    return { from: named(from), to: named(to) };
  });
  const text = (name: TableName): string => tableIdOf(name).replace('shop.', '');
  expect(
    originsOf(pairs).map(
      ({ from, to, replaces }) => `${text(from)}>${text(to)}${replaces ? ' (replaces)' : ''}`,
    ),
  ).toEqual(expected);
});
