import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

/** docker-compose.instance1.yml and docker-compose.instance2.yml, each laid over docker-compose.yml. */

const ROOT = join(import.meta.dirname, '../..');
const SERVERS = ['kafka', 'mysql', 'mysql-target', 'redis', 'elasticsearch', 'demo'];
const SERVICES = ['capture', 'sink-redis', 'sink-elasticsearch', 'sink-mysql'];

interface Container {
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
}

interface Instance {
  readonly name: string;
  readonly services: Readonly<Record<string, Container>>;
  readonly networks: Readonly<Record<string, { readonly external: boolean; readonly name: string }>>;
}

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const instances = [1, 2].map((number) => {
  const yaml = textOf(`docker-compose.instance${number}.yml`).replaceAll(/!(override|reset)(?= |\n)/g, '');
  return parse(yaml) as Instance;
});
const file = textOf('infra/docker/sluice.yaml').replaceAll(/\$\{file:[^}]+\}/g, 'secret');
const tablesOf = ({ services }: Instance): readonly string[] =>
  (services['capture']?.environment?.['SLUICE__SOURCE__TABLES'] ?? '').split(',');

test('each is a pipeline of its own name, and says so to all of its services and to the command', () => {
  for (const { name, services } of instances) {
    const own = [...SERVICES, 'cli', 'auditor'].map((service) => services[service]?.environment);
    expect(new Set(own.map((environment) => JSON.stringify(environment))).size).toBe(1);
    const config = parseConfig(file, own[0] ?? {});
    expect(`sluice-${config.pipeline}`).toBe(name);
    const urls = Object.entries(own[0] ?? {}).filter(([variable]) => variable.endsWith('__OPS__URL'));
    expect(urls.map(([, url]) => new URL(url).hostname).sort()).toEqual(
      SERVICES.map((service) => `${name}-${service}-1`).sort(),
    );
  }
});

test('no table, port or name belongs to two of them; together they take every table of the sample shop', () => {
  const all = instances.flatMap(tablesOf);
  expect(all.sort()).toEqual(
    ['customers', 'exchange_rates', 'markers', 'notes', 'order_lines', 'orders', 'products'].map(
      (table) => `shop.${table}`,
    ),
  );
  const ports = instances.flatMap(({ services }) => services['capture']?.ports ?? []);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  expect(new Set(ports).size).toBe(4);
  expect(new Set(instances.map(({ name }) => name)).size).toBe(2);
});

test('servers are those of docker-compose.yml, reached by its networks', () => {
  const { name, networks } = parse(textOf('docker-compose.yml'), { merge: true }) as Instance;
  for (const instance of instances) {
    for (const server of SERVERS) expect(instance.services[server]?.profiles).toEqual(['elsewhere']);
    for (const [network, { external, name: theirs }] of Object.entries(instance.networks)) {
      expect(Object.keys(networks)).toContain(network);
      expect([external, theirs]).toEqual([true, `${name}_${network}`]);
    }
  }
});
