import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { loadedConfig, printedConfig } from '../../src/config/loaded-config.ts';

const text = `pipeline: shop
source: { host: db, user: u, password: one, tables: ['a.b', 'a.c'] }
kafka: { brokers: ['k:1'] }
capture: { ops: { port: 8080 } }
sinks: { redis: { url: 'redis://u:one@127.0.0.1:6379' }, mysql: { host: m, user: u, password: one } }
`;
const hashOf = (yaml: string, service: string): string =>
  loadedConfig(parseConfig(yaml, {}), service, 0).hash;

test('the hash is one of SHA-256, beside the time of loading', () => {
  const loaded = loadedConfig(parseConfig(text, {}), 'capture', 1_700_000_000_123);
  expect(loaded.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(loaded.loadedAt).toBe('2023-11-14T22:13:20.123Z');
});

test.each<[string, string, string, string, boolean]>([
  ['a secret', 'password: one', 'password: two', 'capture', true],
  ['the password in a URL', 'u:one@', 'u:two@', 'sink-redis', true],
  ['the order of keys', 'host: db, user: u', 'user: u, host: db', 'capture', true],
  ['a default that is written', 'pipeline: shop', 'pipeline: shop\nonFatal: stay', 'capture', true],
  ['another sink', 'host: m', 'host: n', 'sink-redis', true],
  ['a sink, for capture', 'host: m', 'host: n', 'capture', true],
  ['the ops port of capture, for a sink', '8080', '8088', 'sink-redis', true],
  ['the host of the source, for a sink', 'host: db', 'host: dc', 'sink-redis', true],
  ['the own sink', 'host: m', 'host: n', 'sink-mysql', false],
  ['the host of the source, for capture', 'host: db', 'host: dc', 'capture', false],
  ['the ops port of capture', '8080', '8088', 'capture', false],
  ['the tables, for a sink', "'a.c'", "'a.d'", 'sink-redis', false],
  ['the order of a list', "'a.b', 'a.c'", "'a.c', 'a.b'", 'capture', false],
  ['the brokers', 'k:1', 'k:2', 'sink-mysql', false],
])('%s: the hash stays, or not', (_, from, to, service, stays) => {
  const changed = text.replaceAll(from, to);
  expect(changed).not.toBe(text);
  expect(hashOf(changed, service) === hashOf(text, service)).toBe(stays);
});

test.each([
  ['capture', { capture: { ops: { port: 8080 } }, sinks: {} }, ['pasword', '"redis"']],
  ['sink-redis', { sinks: { redis: { url: 'redis://u:***@127.0.0.1:6379' } } }, ['pasword', '8080', '"db"']],
])(
  '%s prints its own settings alone: a secret of another one may stand under a wrong name',
  (service, shown, hidden) => {
    const yaml = text.replace('host: m, user: u, password: one', 'host: m, user: u, pasword: hunter2');
    const printed = printedConfig(parseConfig(yaml, {}), service);
    expect(printed).toMatchObject({ pipeline: 'shop', ...shown });
    for (const part of ['hunter2', ...hidden]) expect(JSON.stringify(printed)).not.toContain(part);
  },
);
