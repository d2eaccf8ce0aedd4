import { parseConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { checkSinkName, sinkNameIn } from '../src/sink-name.ts';

test('a process is told which sink it is', () => {
  expect(sinkNameIn(['--config', 'x.yaml'])).toBeNull();
  expect(sinkNameIn(['--config', 'x.yaml', '--sink', 'cache'])).toBe('cache');
  expect(sinkNameIn(['--sink=cache'])).toBe('cache');
  expect(sinkNameIn(['--sink'])).toBe('');
});

test('it runs a section of its own type, whatever the name, and says so of another', () => {
  const config = parseConfig(
    `pipeline: p
source: { host: h, user: u, tables: ['shop.*'] }
kafka: { brokers: ['k:9092'] }
sinks: { cache: { type: shelf }, search: {}, own: { package: ./own } }`,
    {},
  );
  checkSinkName(config, 'cache', 'shelf');
  checkSinkName(config, 'search', 'search');
  // Its name may be misspelt there: with the defaults it would write to whatever answers on this host.
  expect(() => checkSinkName(config, 'shelf', 'shelf')).toThrow(
    'there is no section sinks.shelf in the file, which has these sinks: cache, search, own',
  );
  checkSinkName({ ...config, sinks: {} }, 'shelf', 'shelf');
  checkSinkName(config, 'own', 'shelf');
  expect(() => checkSinkName(config, 'search', 'shelf')).toThrow(
    'sinks.search is of type search, and this process runs sinks of type shelf: start it by sluice sink search',
  );
  expect(() => checkSinkName(config, 'cash', 'shelf')).toThrow(
    '--sink is "cash", but the file has these sinks: cache, search, own',
  );
  expect(() => checkSinkName(config, '__proto__', 'shelf')).toThrow('--sink is "__proto__"');
});
