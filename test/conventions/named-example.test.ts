import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig, parseSection, sinkTypeOf } from '@sluice/runtime';
import { importPart, sinkSchemas } from '@sluice/sink-kit/installed';
import { selectionOf, sharedSpots, type StoreSpots } from '@sluice/sink-kit/selection';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

/** infra/examples/named-sinks: its file is right, and each of its sinks has a container that runs it. */

const FOLDER = join(import.meta.dirname, '../../infra/examples/named-sinks');
const textOf = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const config = parseConfig(textOf('sluice.yaml').replaceAll(/\$\{file:[^}]+\}/g, 'secret'), {});
const names = Object.keys(config.sinks);

interface Container {
  readonly extends?: { readonly service: string };
  readonly command?: readonly string[];
  readonly profiles?: readonly string[];
}

test('every section is right, and no two sinks meet in a store', async () => {
  const schemas = await sinkSchemas(config);
  const sinks = names.map((name) => ({
    name,
    type: sinkTypeOf(config, name),
    settings: parseSection(config, ['sinks', name], schemas[name]!),
  }));
  expect(sinks.map(({ type }) => type)).toEqual([
    'redis',
    'redis',
    'elasticsearch',
    'elasticsearch',
    'mysql',
    'mysql',
  ]);
  for (const [type, some] of Map.groupBy(sinks, (sink) => sink.type)) {
    const part = await importPart<{ readonly storeSpots: StoreSpots<unknown> }>(
      some[0]!.name,
      './config',
      config,
    );
    expect([type, sharedSpots(config, some, part!.storeSpots)]).toEqual([type, []]);
  }
});

test('what each takes of the tables of the sample shop', () => {
  const tables = ['customers', 'products', 'orders', 'order_lines', 'exchange_rates', 'notes'];
  const taken = names.map((name) =>
    tables.filter((table) => selectionOf(config, name).takesTable('shop', table)),
  );
  expect(taken).toEqual([
    ['customers'],
    ['exchange_rates'],
    ['products'],
    ['orders', 'order_lines'],
    tables,
    tables,
  ]);
});

test('each sink has a container of its type that is given its name, and those without names are left out', () => {
  const yaml = textOf('docker-compose.yml').replaceAll('!override ', '').replaceAll('!override\n', '\n');
  const { services } = parse(yaml) as { readonly services: Record<string, Container> };
  for (const name of names) {
    const container = services[`sink-${name}`];
    expect([name, container?.extends?.service]).toEqual([name, `sink-${sinkTypeOf(config, name)}`]);
    expect(container?.command?.slice(-2)).toEqual(['--sink', name]);
  }
  for (const type of ['redis', 'elasticsearch', 'mysql'])
    expect(services[`sink-${type}`]?.profiles).toEqual(['unnamed']);
});
