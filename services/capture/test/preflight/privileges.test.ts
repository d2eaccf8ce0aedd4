import { expect, test } from 'vitest';
import { excessPrivileges, missingPrivileges } from '../../src/preflight/privileges.ts';

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

test('what an account may do without need is named, on whatever it is', () => {
  const own = [
    'GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `c`@`%`',
    'GRANT SELECT, SELECT (`a`, `b`) ON `shop`.`orders` TO `c`@`%`',
    'GRANT `reader`@`%` TO `c`@`%`',
    'GRANT REPLICATION SLAVE, BINLOG MONITOR, SLAVE MONITOR ON *.* TO `c`@`%` REQUIRE SSL',
  ];
  expect(excessPrivileges(own)).toEqual([]);
  expect(
    excessPrivileges([...own, 'GRANT INSERT, UPDATE (`a`) ON `shop`.* TO `c`@`%` WITH GRANT OPTION']),
  ).toEqual(['GRANT OPTION', 'INSERT', 'UPDATE']);
  expect(excessPrivileges(['GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION'])).toEqual([
    'ALL PRIVILEGES',
    'GRANT OPTION',
  ]);
});
