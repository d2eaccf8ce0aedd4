import { execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isForeign, parseConfig } from '@sluice/runtime';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';

/** docker-compose.prod.yml, and what makes its certificates and passwords. */

const ROOT = join(import.meta.dirname, '../..');
const DOCKER = join(ROOT, 'infra/docker');
const SERVICES = {
  capture: 'capture',
  'sink-redis': 'redis',
  'sink-elasticsearch': 'elasticsearch',
  'sink-mysql': 'mysql',
};
/** Files that the pipeline names by their path. */
const FILES = ['ca.pem', 'ops_tokens', 'tls.key', 'tls.pem'];
/** Ends when it has done what it is for. */
const SETUP = 'kafka-setup';

interface Container {
  readonly restart: string;
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly logging: { readonly options: Readonly<Record<string, string>> };
  readonly security_opt: readonly string[];
  readonly cap_drop: readonly string[];
  readonly cap_add?: readonly string[];
  readonly read_only?: boolean;
  readonly profiles?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
}

const text = readFileSync(join(ROOT, 'docker-compose.prod.yml'), 'utf8');
const { services } = parse(text, { merge: true }) as { services: Record<string, Container> };
const folder = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const secrets = join(folder, 'secrets');
const SCRIPT = join(DOCKER, 'new-production-secrets.sh');
execFileSync('sh', [SCRIPT, secrets]);
const read = (name: string): string => readFileSync(join(secrets, name), 'utf8');

/** By the name that the container sees, the file that it is. */
function secretsOf({ secrets: named = [] }: Container): ReadonlyMap<string, string> {
  return new Map(
    named.map((secret) =>
      typeof secret === 'string' ? ([secret, secret] as const) : ([secret.target, secret.source] as const),
    ),
  );
}

test('every container has limits, logs that end, no privileges; nothing is published beyond this host', () => {
  for (const [name, container] of Object.entries(services)) {
    const {
      logging,
      security_opt: options,
      cap_drop: dropped,
      mem_limit: memory,
      pids_limit: processes,
    } = container;
    expect([name, options, dropped]).toEqual([name, ['no-new-privileges:true'], ['ALL']]);
    expect([name, logging.options['max-size'], logging.options['max-file']]).toEqual([name, '50m', '5']);
    expect([name, memory, processes]).toEqual([name, expect.stringMatching(/^\d+[mg]$/), expect.any(Number)]);
    for (const port of container.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});

test('what a restart helps is started again; what waits for a person, and what is done once, is not', () => {
  for (const [name, { restart }] of Object.entries(services)) {
    const wanted = name === 'cli' ? 'no' : name === SETUP ? 'on-failure:3' : 'unless-stopped';
    expect([name, restart]).toEqual([name, wanted]);
  }
  for (const name of [...Object.keys(SERVICES), 'capture-standby']) {
    const { entrypoint, read_only: readOnly, cap_add: added, ports } = services[name]!;
    expect([name, entrypoint]).toEqual([name, ['sh', '/etc/sluice/keep.sh']]);
    expect([name, readOnly, added, ports]).toEqual([name, true, undefined, undefined]);
  }
});

test('only capture and the sinks run without a profile', () => {
  const plain = Object.keys(services).filter((name) => services[name]?.profiles === undefined);
  expect(plain).toEqual(Object.keys(SERVICES));
});

test.each(Object.entries(SERVICES))(
  '%s has every secret of its part of the file, and no other',
  (service, user) => {
    const file = readFileSync(join(DOCKER, 'production.yaml'), 'utf8');
    const own = secretsOf(services[service]!);
    const asked = (names: readonly string[]): string[] => {
      const there = file.replaceAll(/\$\{file:\/run\/secrets\/(\w+)\}/g, (whole, name: string) =>
        names.includes(name) ? read(own.get(name) ?? name) : whole,
      );
      try {
        parseConfig(there, { SLUICE_KAFKA_USER: user }, 'production.yaml', isForeign(service));
        return [];
      } catch (error) {
        return [...(error as Error).message.matchAll(/run\/secrets\/(\w+)/g)].map(([, name = '']) => name);
      }
    };
    const names = [...own.keys()];
    expect(names.filter((name) => FILES.includes(name)).sort()).toEqual(FILES);
    expect(asked(names)).toEqual([]);
    expect(asked([]).sort()).toEqual(names.filter((name) => !FILES.includes(name)).sort());
    expect(own.get('kafka_password')).toBe(`kafka_${user}_password`);
    expect(services[service]?.environment).toMatchObject({ SLUICE_KAFKA_USER: user });
  },
);

test('a standby has what capture has', () => {
  expect(secretsOf(services['capture-standby']!)).toEqual(secretsOf(services['capture']!));
});

test('one command makes every secret that the compose file names, once; what no container needs stays out', () => {
  const named = [...text.matchAll(/file: \.\/infra\/docker\/production-secrets\/([\w.-]+)/g)].map(
    ([, name = '']) => name,
  );
  const unnamed = ['ca.key', 'kafka.key', 'kafka.pem'];
  expect(readdirSync(secrets).sort()).toEqual([...named, ...unnamed].sort());
  expect(statSync(secrets).mode & 0o777).toBe(0o700);
  expect(statSync(join(secrets, 'ca.key')).mode & 0o777).toBe(0o600);
  const values = named.filter((name) => name.endsWith('_password')).map(read);
  for (const value of values) expect(value).toMatch(/^[0-9a-f]{48}$/);
  expect(new Set(values).size).toBe(values.length);
  expect(execFileSync('sh', [SCRIPT, secrets], { encoding: 'utf8' })).toContain('stays as it is');
});

test('the broker knows the principals of the shipped rules, each by its own password', () => {
  const jaas = read('kafka_jaas.conf');
  for (const user of [...Object.values(SERVICES), 'command'])
    expect(jaas).toContain(`user_sluice-${user}="${read(`kafka_${user}_password`)}"`);
  expect(read('kafka_admin.properties')).toContain(`password="${/user_admin="(\w+)"/.exec(jaas)?.[1]}"`);
});

test('what the access rules can be told reaches them; the names of the principals are those of the secrets', () => {
  const rules = readFileSync(join(ROOT, 'infra/kafka/acls.sh'), 'utf8');
  const told = new Set([...rules.matchAll(/\$\{(SLUICE_\w+)/g)].map(([, name = '']) => name));
  told.delete('SLUICE_PRINCIPAL');
  const given = Object.keys(services[SETUP]?.environment ?? {}).filter((name) => name.startsWith('SLUICE_'));
  expect(given.sort()).toEqual([...told].sort());
});

test('certificates are for their server, by the authority; new ones change nothing else', () => {
  const authority = new X509Certificate(read('ca.pem'));
  const names = readdirSync(secrets).filter((name) => name.endsWith('.key') && name !== 'ca.key');
  const before = readdirSync(secrets).map((name) => [name, read(name)] as const);
  execFileSync('sh', [SCRIPT, '--renew', secrets], {
    env: { ...process.env, SLUICE_CERTIFICATE_DAYS: '30' },
  });
  for (const name of names.map((key) => key.replace('.key', ''))) {
    const certificate = new X509Certificate(read(`${name}.pem`));
    expect([name, certificate.verify(authority.publicKey), certificate.checkHost(name)]).toEqual([
      name,
      true,
      name,
    ]);
    const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 86_400_000;
    expect([name, days]).toEqual([name, 30]);
  }
  expect(new X509Certificate(read('capture.pem')).checkHost('capture-standby')).toBe('capture-standby');
  const changed = before.filter(([name, was]) => read(name) !== was).map(([name]) => name);
  const own = names.flatMap((key) => [key, key.replace('.key', '.pem')]);
  expect(changed.sort()).toEqual([...own, 'kafka_keystore.pem'].sort());
});

test.each([
  [0, false],
  [1, false],
  [2, true],
  [64, true],
  [69, true],
  [70, true],
])('a service that ends with %i: its container waits for a person: %s', async (code, waits) => {
  const keeper = spawn('sh', [join(DOCKER, 'keep.sh'), 'sh', '-c', `exit ${code}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(keeper, 'exit');
  if (waits) {
    const [said] = (await once(keeper.stdout, 'data')) as [Buffer];
    expect(JSON.parse(String(said))).toMatchObject({
      level: 'fatal',
      event: 'container.waits',
      exitCode: code,
    });
    keeper.kill('SIGTERM');
  }
  expect((await ended)[0]).toBe(code);
});

test('a service that is told to stop has the time it takes, and its code is that of the container', async () => {
  const service = `trap 'sleep 0.2; echo stopped; exit 7' TERM; echo up; while :; do sleep 0.05; done`;
  const keeper = spawn('sh', [join(DOCKER, 'keep.sh'), 'sh', '-c', service], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(keeper, 'exit');
  let said = '';
  keeper.stdout.on('data', (chunk: Buffer) => (said += String(chunk)));
  await once(keeper.stdout, 'data');
  keeper.kill('SIGTERM');
  expect((await ended)[0]).toBe(7);
  expect(said).toBe('up\nstopped\n');
});
