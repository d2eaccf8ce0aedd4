import { expect, test } from 'vitest';
import { lackingIn } from '../../src/switchover/rights.ts';

test.each([
  ['mysql', ['GRANT RELOAD, SUPER ON *.* TO `a`@`%`'], []],
  [
    'mysql',
    ['GRANT RELOAD ON *.* TO `a`@`%`', 'GRANT REPLICATION_SLAVE_ADMIN,CONNECTION_ADMIN ON *.* TO `a`@`%`'],
    ['SYSTEM_VARIABLES_ADMIN'],
  ],
  ['mysql', ['GRANT USAGE ON *.* TO `a`@`%`', 'GRANT `dba`@`%` TO `a`@`%`'], []],
  ['mariadb', ['GRANT ALL PRIVILEGES ON *.* TO `a`@`%` WITH GRANT OPTION'], []],
  ['mariadb', ['GRANT RELOAD, READ_ONLY ADMIN ON *.* TO `a`@`%`'], ['REPLICATION SLAVE ADMIN']],
] as const)('%s %j lacks %j', (flavour, grants, lacking) => {
  expect(lackingIn(grants, flavour)).toEqual(lacking);
});
