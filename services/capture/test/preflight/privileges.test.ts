import { expect, test } from 'vitest';
import { missingPrivileges } from '../../src/preflight/privileges.ts';

test('reads what MySQL and MariaDB show', () => {
  expect(
    missingPrivileges(['GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `c`@`%`']),
  ).toEqual([]);
  expect(
    missingPrivileges([
      "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `c`@`%` IDENTIFIED BY PASSWORD '*1'",
    ]),
  ).toEqual([]);
  expect(missingPrivileges(['GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION'])).toEqual([]);
});

test('names what is missing; privileges of a database do not count', () => {
  expect(
    missingPrivileges(['GRANT USAGE ON *.* TO `c`@`%`', 'GRANT ALL PRIVILEGES ON `shop`.* TO `c`@`%`']),
  ).toEqual(['REPLICATION SLAVE', 'REPLICATION CLIENT']);
  expect(missingPrivileges(['GRANT REPLICATION SLAVE ADMIN, REPLICATION CLIENT ON *.* TO `c`@`%`'])).toEqual([
    'REPLICATION SLAVE',
  ]);
});

test('a role may bring anything', () => {
  expect(missingPrivileges(['GRANT USAGE ON *.* TO `c`@`%`', 'GRANT `reader`@`%` TO `c`@`%`'])).toEqual([]);
});
