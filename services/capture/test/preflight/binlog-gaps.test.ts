import { expect, test } from 'vitest';
import { unloggedDatabases } from '../../src/preflight/binlog-gaps.ts';

test.each([
  ['', '', []],
  ['shop,crm', '', []],
  ['crm', '', ['shop']],
  ['', 'shop', ['shop']],
  ['', 'shopping,crm', ['crm']],
])('logged only: "%s", ignored: "%s"', (only, without, missing) => {
  const problems = unloggedDatabases(['shop', 'crm'], only, without);
  expect(problems.map(({ found }) => /database (\w+)/.exec(found)?.[1])).toEqual(missing);
});
