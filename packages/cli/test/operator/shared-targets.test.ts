import { expect, test } from 'vitest';
import { sharedTargets } from '../../src/operator/shared-targets.ts';

const definition = '';

test('tables that a sink would put into one place are named', () => {
  const of = (sink: string, table: string, target: string) => ({ sink, table, target, definition });
  expect(
    sharedTargets([
      of('copy', 'shop.users', '`all`.`users`'),
      of('copy', 'crm.users', '`all`.`users`'),
      of('copy', 'shop.orders', '`all`.`orders`'),
      of('canary', 'shop.orders', '`all`.`orders`'),
      of('copy', 'shop.long', 'refused'),
      of('copy', 'crm.long', 'refused'),
    ]),
  ).toEqual([
    'sink copy would put shop.users, crm.users into one place, `all`.`users`: it takes one of them',
  ]);
});
