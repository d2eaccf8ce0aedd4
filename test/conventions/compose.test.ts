import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isForeign, parseConfig } from '@sluice/runtime';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const SERVICES = ['capture', 'sink-redis', 'sink-elasticsearch', 'sink-mysql'];

/** Of the profile `ha`. */
const STANDBY = 'capture-standby';
const EXPORTERS = [
  'mysql-exporter',
  'mysql-target-exporter',
  'redis-exporter',
  'elasticsearch-exporter',
  'kafka-exporter',
];
/** Of the profiles `cli`, `auditor`, `ops` and `ui`. */
const MONITORING = ['cli', 'auditor', 'prometheus', 'alertmanager', 'grafana', 'kafka-ui', ...EXPORTERS];

interface Container {
  readonly security_opt?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly read_only?: boolean;
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly secrets?: readonly (string | { readonly source: string })[];
}

const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const { services } = parse(text, { merge: true }) as { services: Record<string, Container> };
const folder = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const secrets = join(folder, 'secrets');
const SCRIPT = join(ROOT, 'infra/docker/new-secrets.sh');
execFileSync('sh', [SCRIPT, secrets]);

const secretsOf = ({ secrets: named = [] }: Container): string[] =>
  named.map((secret) => (typeof secret === 'string' ? secret : secret.source));

test('no container gets new privileges, or a capability but those of an entry point; our own write nowhere', () => {
  for (const [name, container] of Object.entries(services)) {
    const { security_opt: options, cap_drop: dropped, cap_add: added = [], read_only: readOnly } = container;
    expect([name, options, dropped]).toEqual([name, ['no-new-privileges:true'], ['ALL']]);
    const isOurs = [...SERVICES, STANDBY, 'auditor', 'demo'].includes(name);
    expect([name, isOurs && (readOnly !== true || added.length > 0)]).toEqual([name, false]);
    for (const port of container.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});

test('the demo reaches the source and nothing of ours; a sink reaches its own store', () => {
  const reached = (name: string): string[] =>
    Object.entries(services)
      .filter(([other, { networks = [] }]) => {
        const own = services[name]?.networks ?? [];
        return other !== name && networks.some((network) => own.includes(network));
      })
      .map(([other]) => other)
      .filter((other) => ![...SERVICES, STANDBY, ...MONITORING].includes(other))
      .sort();
  expect(reached('demo')).toEqual(['mysql']);
  expect(reached('capture')).toEqual(['kafka', 'mysql', 'mysql-replica']);
  expect(reached(STANDBY)).toEqual(['kafka', 'mysql', 'mysql-replica']);
  expect(reached('sink-redis')).toEqual(['kafka', 'redis']);
  expect(reached('sink-elasticsearch')).toEqual(['elasticsearch', 'kafka']);
  expect(reached('sink-mysql')).toEqual(['kafka', 'mysql-target']);
});

test('each server has an exporter that Prometheus scrapes, with an account of its own that may only look', () => {
  const scraped = readFileSync(join(ROOT, 'infra/prometheus/prometheus.yml'), 'utf8');
  for (const name of EXPORTERS) {
    expect(scraped).toContain(`'${name}:`);
    expect([name, services[name]?.networks]).toEqual([name, ['ops', expect.any(String)]]);
    expect([name, services[name]?.ports]).toEqual([name, undefined]);
  }
  const read = (name: string): string => readFileSync(join(secrets, name), 'utf8');
  const password = /password = (\w+)/.exec(read('mysql_exporter.cnf'))?.[1] ?? '';
  expect(password).toHaveLength(48);
  expect(read('exporter_account.sql')).toContain(`IDENTIFIED BY '${password}'`);
  expect(read('exporter_account.sql').match(/GRANT .*/g)).toEqual([
    "GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'exporter'@'%';",
    "GRANT SELECT ON performance_schema.* TO 'exporter'@'%';",
  ]);
  expect(read('mysql_exporter.cnf')).toBe(`[client]\nuser = exporter\npassword = ${password}\n`);
  expect(JSON.parse(read('redis_exporter.json'))).toMatchObject({ 'redis://exporter@redis:6379': password });
  expect(read('redis_users.acl')).toMatch(/^user exporter on >\w+ -@all \+ping \+info [^~]*$/m);
});

test.each(SERVICES)('%s has every secret of its part of the file, and no other', (service) => {
  const file = readFileSync(join(ROOT, 'infra/docker/sluice.yaml'), 'utf8');
  const own = secretsOf(services[service] ?? {});
  const asked = (names: readonly string[]): string[] => {
    const there = file.replaceAll(/\$\{file:\/run\/secrets\/(\w+)\}/g, (whole, name: string) =>
      names.includes(name) ? readFileSync(join(secrets, name), 'utf8') : whole,
    );
    try {
      parseConfig(there, {}, 'sluice.yaml', isForeign(service));
      return [];
    } catch (error) {
      return [...(error as Error).message.matchAll(/run\/secrets\/(\w+)/g)].map(([, name = '']) => name);
    }
  };
  expect(asked(own)).toEqual([]);
  expect(new Set(asked([]))).toEqual(new Set(own));
});

test('one command makes every secret that the compose file names, once', () => {
  const named = [...text.matchAll(/file: \.\/infra\/docker\/secrets\/([\w.]+)/g)].map(
    ([, name = '']) => name,
  );
  expect(readdirSync(secrets).sort()).toEqual(named.toSorted());
  expect(statSync(secrets).mode & 0o777).toBe(0o700);
  const passwords = named.filter((name) => name.endsWith('_password'));
  const values = passwords.map((name) => readFileSync(join(secrets, name), 'utf8'));
  for (const value of values) expect(value).toMatch(/^[0-9a-f]{48}$/);
  expect(new Set(values).size).toBe(passwords.length);
  const read = (name: string): string => readFileSync(join(secrets, name), 'utf8');
  expect(read('redis_users.acl')).toContain(`>${read('redis_password')} `);
  expect(read('demo_account.sql')).toContain(`IDENTIFIED BY '${read('demo_password')}'`);
  expect(execFileSync('sh', [SCRIPT, secrets], { encoding: 'utf8' })).toContain('stays as it is');
  expect(values).toEqual(passwords.map(read));
});

test('the replica logs in with the account that its source makes, and takes nothing from elsewhere', () => {
  const read = (name: string): string => readFileSync(join(secrets, name), 'utf8');
  const password = /IDENTIFIED BY '(\w+)' REQUIRE SSL;/.exec(read('replica_account.sql'))?.[1] ?? '';
  // CHANGE REPLICATION SOURCE TO takes no longer one.
  expect(password).toHaveLength(32);
  expect(read('replica_start.sql')).toContain(`SOURCE_PASSWORD = '${password}'`);
  expect(read('replica_start.sql')).toContain('super_read_only = ON');
  expect(secretsOf(services['mysql'] ?? {})).toContain('replica_account');
  expect(secretsOf(services['mysql-replica'] ?? {})).toEqual([
    'mysql_root_password',
    'source_password',
    'replica_start',
  ]);
});
