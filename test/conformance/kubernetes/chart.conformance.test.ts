import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHART, loadHelm, staleManifests } from '@sluice/tools/kubernetes';
import { byTemplate, nameOf, type Manifest, type Tree } from '@sluice/tools/manifest';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { podsOf } from '../../harness/kubernetes/pods.ts';
import { schemaProblems } from '../../harness/kubernetes/schema-problems.ts';

const ROOT = join(import.meta.dirname, '../../..');
const helm = await loadHelm(join(ROOT, CHART));
const folder = mkdtempSync(join(tmpdir(), 'sluice-chart-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CONFIG = {
  pipeline: 'shop',
  source: { host: 'db', user: 'sluice', password: '${file:/etc/sluice/secrets/source}', tables: ['shop.*'] },
  kafka: { brokers: ['kafka:9092'] },
  sinks: {
    customers: { type: 'redis', url: 'redis://redis:6379' },
    search: { type: 'elasticsearch', node: 'http://search:9200' },
  },
};

/** What Helm makes of values, by name. */
function rendered(values: unknown): ReadonlyMap<string, Manifest> {
  const file = join(folder, 'values.yaml');
  writeFileSync(file, stringify(values));
  const text = helm({ values: [file], release: 'orders', namespace: 'cdc' });
  return new Map(
    [...byTemplate(text).values()].flat().map((manifest) => [nameOf(manifest), manifest] as const),
  );
}

test('the files of kustomize are what the chart makes (else: npm run manifests)', () => {
  expect(staleManifests(helm, ROOT)).toEqual([]);
});

test('sinks have the image of their type, their own name, and no Secret that their section does not name', () => {
  const all = rendered({ config: CONFIG, image: { registry: 'registry.example/cdc', tag: '1.2.3' } });
  expect([...all.values()].flatMap(schemaProblems)).toEqual([]);
  const pods = podsOf([...all.values()]);
  const images = pods.map(({ owner, spec }) => [owner, spec.containers[0]?.image]);
  expect(Object.fromEntries(images)).toEqual({
    'orders-sluice-capture': 'registry.example/cdc/sluice-capture:1.2.3',
    'orders-sluice-cli': 'registry.example/cdc/sluice-cli:1.2.3',
    'orders-sluice-doctor': 'registry.example/cdc/sluice-cli:1.2.3',
    'orders-sluice-maintenance-daily': 'registry.example/cdc/sluice-cli:1.2.3',
    'orders-sluice-maintenance-monthly': 'registry.example/cdc/sluice-cli:1.2.3',
    'orders-sluice-maintenance-weekly': 'registry.example/cdc/sluice-cli:1.2.3',
    'orders-sluice-sink-customers': 'registry.example/cdc/sluice-sink-redis:1.2.3',
    'orders-sluice-sink-search': 'registry.example/cdc/sluice-sink-elasticsearch:1.2.3',
  });
  const customers = pods.find(({ owner }) => owner === 'orders-sluice-sink-customers');
  expect(customers?.spec.containers[0]?.command?.slice(-2)).toEqual(['--sink', 'customers']);
  expect(customers?.spec.volumes.map(({ name }) => name)).toEqual(['config', 'scratch', 'tokens']);
});

test('what follows a report on its line comes from the values', () => {
  const weekly = { schedule: '0 1 * * 0', arguments: ['--prometheus', 'http://prometheus:9090'] };
  const all = rendered({ config: CONFIG, maintenance: { suspend: false, weekly }, cli: { enabled: false } });
  expect([...all.values()].flatMap(schemaProblems)).toEqual([]);
  const pods = podsOf([...all.values()]);
  const commandOf = (name: string) => pods.find(({ owner }) => owner === name)?.spec.containers[0]?.command;
  expect(commandOf('orders-sluice-maintenance-weekly')).toEqual([
    'sluice',
    'maintenance',
    'weekly',
    ...weekly.arguments,
  ]);
  expect(commandOf('orders-sluice-maintenance-daily')).toEqual(['sluice', 'maintenance', 'daily']);
  expect(commandOf('orders-sluice-cli')).toBeUndefined();
});

test('the auditor reads with the accounts of all services, is asked for metrics alone, and may ask the services', () => {
  const off = rendered({ config: CONFIG, monitoring: { enabled: true } });
  expect([...off.keys()].filter((name) => name.includes('auditor'))).toEqual([]);
  const search = { ...CONFIG.sinks.search, auth: { apiKey: '${file:/etc/sluice/secrets/key}' } };
  const all = rendered({
    config: { ...CONFIG, sinks: { ...CONFIG.sinks, search } },
    auditor: { enabled: true, secret: 'viewer', arguments: ['--rows-per-second', '500', 'shop.orders'] },
    monitoring: { enabled: true },
  });
  expect([...all.values()].flatMap(schemaProblems)).toEqual([]);
  const { spec } = podsOf([...all.values()]).find(({ owner }) => owner === 'orders-sluice-auditor') ?? {};
  const container = spec?.containers[0];
  expect(container?.command?.join(' ')).toBe(
    'sluice compare --continuous --listen 0.0.0.0:9094 --rows-per-second 500 shop.orders',
  );
  expect([container?.ports, container?.livenessProbe?.httpGet, container?.readinessProbe]).toEqual([
    [{ name: 'metrics', containerPort: 9094 }],
    { path: '/metrics', port: 'metrics' },
    undefined,
  ]);
  expect(JSON.stringify(spec?.volumes.find(({ name }) => name === 'secrets'))).toContain(
    JSON.stringify(
      ['capture', 'sink-search'].map((name) => ({ secret: { name: `orders-sluice-${name}` } })),
    ).slice(0, -1) + ',{"secret":{"name":"viewer"}}]',
  );
  const text = (name: string): string => JSON.stringify(all.get(name));
  expect(text('Service/orders-sluice-auditor')).toContain(
    '[{"name":"metrics","port":9094,"targetPort":"metrics"}]',
  );
  expect(text('ServiceMonitor/orders-sluice-auditor')).toContain('"replacement":"sluice-auditor"');
  const policy = text('NetworkPolicy/orders-sluice-auditor');
  expect([...policy.matchAll(/"port":(\d+|"\w+")/g)].map(([, port]) => port)).toEqual([
    '"metrics"',
    '53',
    '53',
    '9092',
    '3306',
    '6379',
    '9200',
    '8080',
  ]);
  for (const service of ['capture', 'sink-search'])
    expect(text(`NetworkPolicy/orders-sluice-${service}`)).toContain(
      '"app.kubernetes.io/component":"auditor"',
    );
});

test('of an auditor with https the kubelet asks no more than whether it listens', () => {
  const tls = { certFile: '/etc/sluice/secrets/tls.pem', keyFile: '/etc/sluice/secrets/tls.key' };
  const config = { ...CONFIG, auditor: { ops: { metrics: { tls } } } };
  const all = rendered({ config, auditor: { enabled: true } });
  expect([...all.values()].flatMap(schemaProblems)).toEqual([]);
  const { spec } = podsOf([...all.values()]).find(({ owner }) => owner === 'orders-sluice-auditor') ?? {};
  expect(spec?.containers[0]?.livenessProbe).toMatchObject({ tcpSocket: { port: 'metrics' } });
  expect(spec?.containers[0]?.livenessProbe).not.toHaveProperty('httpGet');
});

test.each([
  ['keda', 'ScaledObject/orders-sluice-sink-search', '"lagThreshold":"700"'],
  ['external', 'HorizontalPodAutoscaler/orders-sluice-sink-search', '"averageValue":"700"'],
  ['cpu', 'HorizontalPodAutoscaler/orders-sluice-sink-search', '"averageUtilization":70'],
])('a sink grows by %s, and says how many there are nowhere else', (by, name, target) => {
  const sinks = { search: { autoscaling: { by, lagRecords: 700 } } };
  const all = rendered({ config: CONFIG, sinks, monitoring: { enabled: true } });
  expect([...all.values()].flatMap(schemaProblems)).toEqual([]);
  expect(JSON.stringify(all.get(name))).toContain(target);
  const replicas = (sink: string): unknown =>
    (all.get(`Deployment/orders-sluice-sink-${sink}`)?.['spec'] as Tree | undefined)?.['replicas'];
  expect([replicas('search'), replicas('customers')]).toEqual([undefined, 2]);
});

test('a further pipeline of one Prometheus lists what it runs, and brings no rule a second time', () => {
  const groups = (values: object): readonly unknown[] => {
    const all = rendered({ config: CONFIG, monitoring: { enabled: true, ...values } });
    const { groups: some = [] } = (all.get('PrometheusRule/orders-sluice-rules')?.['spec'] ?? {}) as {
      readonly groups?: readonly Tree[];
    };
    return some.map(({ name }) => name);
  };
  expect(groups({})).toEqual(expect.arrayContaining(['services', 'availability', 'recording']));
  expect(groups({ rules: false })).toEqual(['services']);
});

test('a changed setting, or a changed Secret of the chart, is another pod', () => {
  const sums = (values: object): Readonly<Record<string, string>> => {
    const secrets = { capture: { source: 'a' }, 'sink-customers': {} };
    const all = rendered({ config: CONFIG, secrets, ...values });
    return podsOf([...all.values()]).find(({ owner }) => owner.endsWith('capture'))?.annotations ?? {};
  };
  const [plain, again] = [sums({}), sums({})];
  expect(plain).toEqual(again);
  expect(Object.keys(plain).sort()).toEqual(['checksum/config', 'checksum/secret']);
  const other = sums({ config: { ...CONFIG, topics: { partitions: 3 } } });
  expect(other['checksum/config']).not.toBe(plain['checksum/config']);
  const secret = sums({ secrets: { capture: { source: 'b' } } });
  expect(secret['checksum/secret']).not.toBe(plain['checksum/secret']);
});

test('a large number stays one in sluice.yaml, and what is written of `ops` stays beside what the chart sets', () => {
  const capture = { ops: { allowedHosts: ['cdc.example.com'], tls: { certFile: '/c', keyFile: '/k' } } };
  const config = { ...CONFIG, capture, topics: { retentionMs: 1_209_600_000 } };
  const all = rendered({ config, access: { insecure: true } });
  const text = (all.get('ConfigMap/orders-sluice-config')?.['data'] as Tree | undefined)?.['sluice.yaml'];
  expect(text).toContain('retentionMs: 1209600000\n');
  expect(text).toContain('cdc.example.com');
  expect(text).toContain('url: https://orders-sluice-capture:8080');
  expect(text).toContain('insecure: true');
  expect(text).not.toContain('tokensFile');
});

test.each([
  [{}, /pipeline/],
  [{ config: { ...CONFIG, sources: {} } }, /sources/],
  [{ config: { ...CONFIG, sinks: { capture: { type: 'redis' } } } }, /capture/],
  [{ config: { ...CONFIG, sinks: { redis: { url: 'redis://x', tls: false } } } }, /tls/],
  [{ config: CONFIG, replicas: 3 }, /replicas/],
  [{ config: CONFIG, sinkDefaults: { autoscaling: { by: 'magic' } } }, /autoscaling/],
  [{ config: CONFIG, terminationGracePeriodSeconds: 5 }, /terminationGracePeriodSeconds/],
])('values %j are refused', (values, named) => {
  expect(() => rendered(values)).toThrow(named);
});
