import { expect, test } from 'vitest';
import { addressFromEnvironment, mariadbVersionOf, targetServerOf } from '../src/environment.ts';

test('no variable or an empty one: nothing to attach to', () => {
  expect(addressFromEnvironment('redis', {})).toBeNull();
  expect(addressFromEnvironment('redis', { SLUICE_REDIS_URL: ' ' })).toBeNull();
});

test('a URL gives host, port and account', () => {
  const env = { SLUICE_SOURCE_MYSQL_URL: 'mysql://cdc:p%40ss@db.invalid:3307' };
  expect(addressFromEnvironment('mysql', env)).toMatchObject({
    host: 'db.invalid',
    port: 3307,
    user: 'cdc',
    password: 'p@ss',
  });
});

test('ports have the servers’ defaults', () => {
  const port = (server: 'mariadb' | 'redis' | 'elasticsearch', name: string, url: string) =>
    addressFromEnvironment(server, { [name]: url })?.port;
  expect(port('mariadb', 'SLUICE_SOURCE_MARIADB_URL', 'mysql://root@db.invalid')).toBe(3306);
  expect(port('redis', 'SLUICE_REDIS_URL', 'redis://cache.invalid')).toBe(6379);
  expect(port('elasticsearch', 'SLUICE_ELASTICSEARCH_URL', 'http://search.invalid')).toBe(9200);
});

test('a broker list keeps all brokers and is probed at its first', () => {
  const env = { SLUICE_KAFKA_BROKERS: '[::1]:9094,two.invalid:9093' };
  expect(addressFromEnvironment('kafka', env)).toMatchObject({
    host: '::1',
    port: 9094,
    text: '[::1]:9094,two.invalid:9093',
  });
});

test('a text that is no address names its variable', () => {
  expect(() => addressFromEnvironment('mysql', { SLUICE_SOURCE_MYSQL_URL: 'db:' })).toThrow(
    /SLUICE_SOURCE_MYSQL_URL/,
  );
});

test('the target is MySQL and MariaDB 10.11, or what is named, of those that are offered', () => {
  expect([targetServerOf({}), targetServerOf({ SLUICE_STACK_TARGET: 'mariadb-11.8' })]).toEqual([
    'mysql',
    'mariadb-11.8',
  ]);
  expect(() => targetServerOf({ SLUICE_STACK_TARGET: 'mariadb' })).toThrow(
    'SLUICE_STACK_TARGET: mariadb is not offered; there are mysql, mariadb-10.11, mariadb-11.8',
  );
  expect([
    mariadbVersionOf({ SLUICE_STACK_MARIADB: ' ' }),
    mariadbVersionOf({ SLUICE_STACK_MARIADB: '11.8' }),
  ]).toEqual(['10.11', '11.8']);
});
