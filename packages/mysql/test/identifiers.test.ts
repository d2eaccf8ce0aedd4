import { expect, test } from 'vitest';
import { quoteIdentifier, quoteTable } from '../src/identifiers.ts';

test('a backtick in a name cannot end it', () => {
  expect(quoteIdentifier('order')).toBe('`order`');
  expect(quoteIdentifier('a`; DROP TABLE b; --')).toBe('`a``; DROP TABLE b; --`');
  expect(quoteTable('shop', 'order lines')).toBe('`shop`.`order lines`');
});
