import { parseTableId, tableId, TopicRouting } from '@sluice/envelope';
import { parseConfig, type SluiceConfig } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { findKeyChanges } from '../../src/preflight/key-checks.ts';
import { sourceSchema } from '../../src/preflight/schema-checks.ts';
import { PublicationCompiler } from '../../src/transform/publication-compiler.ts';
import { TableRegistry } from '../../src/catalog/table-registry.ts';
import { description } from '../support/descriptions.ts';

const SERVER = { flavour: 'mysql', version: '9.7.0' } as const;
const routing = new TopicRouting({ prefix: 'p' });
const byV = { 'shop.orders': ['v'] };
const uniqueV = description({ uniqueIndexes: [{ name: 'v', columns: ['v'], usableAsKey: true }] });
const renamed = { '*.orders': { columns: { id: { rename: 'nr' } } } };

function configOf(keys: object, tables: object = {}): SluiceConfig {
  const source = { host: 'h', user: 'u', tables: ['shop.*'], keys };
  return parseConfig(JSON.stringify({ pipeline: 'p', source, kafka: { brokers: ['b:1'] }, tables }), {});
}

/** What is found when a table that was published by one configuration is started with another. */
function found(before: SluiceConfig, now: SluiceConfig, [old, table] = [uniqueV, uniqueV]): string[] {
  const earlier = new TableRegistry(routing, new PublicationCompiler(before.tables, null));
  earlier.admit('shop', 'orders', 1);
  const { table: captured } = earlier.register(sourceSchema(old, before, SERVER));
  const { columns, keyColumns, schema, publication } = captured;
  const registry = new TableRegistry(routing, new PublicationCompiler(now.tables, null));
  registry.restore({
    database: 'shop',
    table: 'orders',
    version: 1,
    columns: [...columns],
    keyColumns: [...keyColumns],
    source: {
      columns: [...schema.columns],
      keyColumns: [...schema.keyColumns],
      plan: publication.plan?.text ?? '',
    },
    sequence: '0010000020000000300',
  });
  return findKeyChanges({ config: now, tables: [table], server: SERVER, registry }).map((each) => each.found);
}

describe('the key of a topic', () => {
  test('is not changed by a setting', () => {
    expect(found(configOf({}), configOf(byV))).toEqual(['key v, while the topic was filled by id']);
    expect(found(configOf(byV), configOf({}))).toEqual(['key id, while the topic was filled by v']);
    expect(found(configOf({}), configOf({}, renamed))).toEqual([
      'published as nr, while the topic was filled by id',
    ]);
    expect(found(configOf({}, renamed), configOf({}))).toEqual([
      'published as id, while the topic was filled by nr',
    ]);
  });

  test('may stay, and may be changed by the source itself', () => {
    expect(found(configOf(byV, renamed), configOf(byV, renamed))).toEqual([]);
    const other = description({ primaryKey: ['v'] });
    expect(found(configOf({}), configOf({}), [description(), other])).toEqual([]);
  });
});

test.each([
  ['shop', 'orders'],
  ['a.b', 'c`d'],
  ['a', 'b.c'],
])('%s, %s', (database, table) => {
  expect(parseTableId(tableId(database, table))).toEqual({ database, table });
});
