import { expect, test } from 'vitest';
import { excessRights, readGrants, ROW_RIGHTS, TABLE_RIGHTS } from '../src/grants.ts';

const TO = 'TO `sluice`@`%`';
const ALL = [...ROW_RIGHTS, ...TABLE_RIGHTS];

test.each([
  ['nothing', ['GRANT USAGE ON *.* ' + TO], 'shop', ALL],
  ['everything, as root has it', ['GRANT ALL PRIVILEGES ON *.* ' + TO + ' WITH GRANT OPTION'], 'shop', []],
  [
    'some of the server, some of the database',
    ['GRANT SELECT, INSERT ON *.* ' + TO, 'GRANT UPDATE, DELETE ON `shop`.* ' + TO],
    'shop',
    [...TABLE_RIGHTS],
  ],
  ['another database', ['GRANT ALL PRIVILEGES ON `shop`.* ' + TO], 'shop_copy', ALL],
  ['a wildcard', ['GRANT ALL PRIVILEGES ON `shop%`.* ' + TO], 'shop_copy', []],
  ['one character', ['GRANT ALL PRIVILEGES ON `shop_copy`.* ' + TO], 'shopxcopy', []],
  ['an escaped wildcard', ['GRANT ALL PRIVILEGES ON `shop\\_copy`.* ' + TO], 'shopxcopy', ALL],
  ['an escaped wildcard, its database', ['GRANT ALL PRIVILEGES ON `shop\\_copy`.* ' + TO], 'shop_copy', []],
  ['dots and backticks are themselves', ['GRANT ALL PRIVILEGES ON `a.b``c`.* ' + TO], 'a.b`c', []],
  ['dots are no wildcards', ['GRANT ALL PRIVILEGES ON `a.b`.* ' + TO], 'axb', ALL],
  ['one table is no database', ['GRANT ALL PRIVILEGES ON `shop`.`t` ' + TO], 'shop', ALL],
  ['one column is no database', ['GRANT SELECT (`a`) ON `shop`.`t` ' + TO], 'shop', ALL],
])('%s', (_, lines, database, missing) => {
  const grants = readGrants(lines);
  expect(grants.missing(database, ALL)).toEqual(missing);
  expect(grants.isComplete).toBe(true);
});

test.each([
  ['GRANT `writer`@`%` TO `sluice`@`%`'],
  ["GRANT writer TO 'sluice'@'%'"],
  ["GRANT 'writer' TO `sluice`@`%`"],
])('rights of a role are not known: %s', (line) => {
  expect(readGrants(['GRANT USAGE ON *.* ' + TO, line]).isComplete).toBe(false);
});

test('rights that the sink has no use for are named, and any on the whole server', () => {
  const shipped = [
    'GRANT USAGE ON *.* TO `sluice`@`%`',
    'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `shop`.* TO `sluice`@`%`',
  ];
  expect(excessRights(shipped)).toEqual([]);
  expect(excessRights([...shipped, 'GRANT SUPER, SELECT ON *.* TO `sluice`@`%` WITH GRANT OPTION'])).toEqual([
    'GRANT OPTION',
    'SELECT on *.*',
    'SUPER',
  ]);
  expect(excessRights(['GRANT ALL PRIVILEGES ON `shop`.* TO `sluice`@`%`'])).toEqual(['ALL PRIVILEGES']);
  expect(excessRights(['GRANT ALL PRIVILEGES ON `my db`.* TO `sluice`@`%`'])).toEqual(['ALL PRIVILEGES']);
  expect(excessRights(['GRANT EXECUTE ON PROCEDURE `d`.`p` TO `sluice`@`%`'])).toEqual(['EXECUTE']);
  expect(excessRights(['GRANT DROP ON `%`.* TO `sluice`@`%`'])).toEqual(['DROP on `%`.*']);
  expect(excessRights(["GRANT PROXY ON ''@'' TO `sluice`@`%`"])).toHaveLength(1);
});
