import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isForeign, parseConfig, SERVICE_NODE_OPTIONS } from '@sluice/runtime';
import { manifestsOf, nameOf, type Manifest } from '@sluice/tools/manifest';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { podsOf } from '../harness/kubernetes/pods.ts';
import { schemaProblems } from '../harness/kubernetes/schema-problems.ts';
import { readText, repositoryRoot } from './workspaces.ts';

const FOLDER = 'infra/kubernetes';
const files = globSync(['base/*.yaml', 'overlays/*/*.yaml', 'try/**/*.yaml'], {
  cwd: join(repositoryRoot, FOLDER),
})
  .filter((path) => !/(?:kustomization|sluice)\.yaml$/.test(path))
  .sort();
const manifests = new Map(files.map((path) => [path, manifestsOf(readText(`${FOLDER}/${path}`))]));
const base = [...manifests].filter(([path]) => path.startsWith('base/')).flatMap(([, all]) => all);
const services = podsOf(base).filter(({ owner }) => /^sluice-(?:capture|sink-)/.test(owner));

const find = (all: readonly Manifest[], name: string): Manifest => {
  const found = all.find((manifest) => nameOf(manifest) === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

test.each(files)('%s has what the schemas of Kubernetes ask for, and no other field', (path) => {
  const all = manifests.get(path) ?? [];
  expect(all.length).toBeGreaterThan(0);
  expect(all.flatMap(schemaProblems)).toEqual([]);
});

test('a wrong field is noticed', () => {
  const service = find(base, 'Service/sluice-capture');
  const wrong = { ...service, spec: { ...(service['spec'] as object), ports: '80', selectr: {} } };
  const problems = schemaProblems(wrong);
  expect(problems).toHaveLength(2);
  expect(problems[0]).toContain('/spec/ports');
  expect(problems[1]).toBe('Service/sluice-capture: unknown field /spec/selectr');
});

test('pods are what the Pod Security Standard `restricted` asks for, and write to /tmp alone', () => {
  expect(podsOf(base).map(({ owner }) => owner)).toEqual(
    expect.arrayContaining(['sluice-capture', 'sluice-sink-redis', 'sluice-cli', 'sluice-doctor']),
  );
  for (const { owner, spec } of podsOf(base)) {
    expect([owner, spec.enableServiceLinks, spec.automountServiceAccountToken]).toEqual([
      owner,
      false,
      false,
    ]);
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    // 0440 in octal, as what reads YAML 1.1 and what reads 1.2 both take it.
    expect(JSON.stringify(spec.volumes).match(/"defaultMode":\d+/g) ?? []).toEqual(
      [...JSON.stringify(spec.volumes).matchAll(/"defaultMode"/g)].map(() => '"defaultMode":288'),
    );
    for (const container of spec.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources.limits['memory']).toMatch(/^\d+Mi$/);
      expect(container.resources.requests['memory']).toMatch(/^\d+Mi$/);
    }
  }
});

test('a service is asked on its listener of probes: alive while it answers, ready when it says so', () => {
  expect(services).toHaveLength(3);
  for (const { spec } of services) {
    const [{ startupProbe: startup, livenessProbe: alive, readinessProbe: ready, ports = [] }] =
      spec.containers as unknown as [(typeof spec.containers)[0]];
    const asked = [startup, alive, ready].map((probe) => `${probe?.httpGet.port} ${probe?.httpGet.path}`);
    expect(asked).toEqual(['probes /livez', 'probes /livez', 'probes /readyz']);
    expect(Object.fromEntries(ports.map((port) => [port.name, port.containerPort]))).toEqual({
      ops: 8080,
      metrics: 9090,
      probes: 8180,
    });
    // Longer than the 25 s that a service takes at most (packages/runtime/src/lifecycle.ts).
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(30);
  }
});

test('sinks are started with the options of Node.js that they are tested with', () => {
  const redis = services.find(({ owner }) => owner === 'sluice-sink-redis');
  const options = ['--enable-source-maps', ...SERVICE_NODE_OPTIONS];
  expect(redis?.spec.containers[0]?.command).toEqual(['node', ...options, 'src/main.js', '--sink', 'redis']);
});

test.each(['base', 'overlays/production'])(
  'each service of %s gets its own Secret, and the file is a configuration',
  (folder) => {
    const text = readText(`${FOLDER}/${folder}/sluice.yaml`);
    const keys = [...text.matchAll(/\$\{file:\/etc\/sluice\/secrets\/([\w-]+)\}/g)].map(([, key]) => key);
    expect(keys.length).toBeGreaterThan(2);
    const filled = text.replaceAll(/\$\{file:[^}]+\}/g, 'x');
    const config = parseConfig(filled, {}, 'sluice.yaml', isForeign('capture'));
    expect(config.pipeline).toBe('shop');
    for (const { owner, spec } of services) {
      const secrets = spec.volumes.find(({ name }) => name === 'secrets');
      expect(secrets?.['projected']).toMatchObject({ sources: [{ secret: { name: owner } }] });
    }
  },
);

interface ListedGroup {
  readonly rules: readonly { readonly labels: { readonly pipeline: string; readonly job?: string } }[];
}

test('the rules of the cluster are those of infra/prometheus (else: npm run manifests)', () => {
  const all = manifests.get('overlays/production/monitoring.yaml') ?? [];
  const { groups } = find(all, 'PrometheusRule/sluice-rules')['spec'] as unknown as { groups: ListedGroup[] };
  const rules = globSync('infra/prometheus/rules/*.yml', { cwd: repositoryRoot }).sort();
  const expected = rules.flatMap((path) => (parse(readText(path)) as { groups: unknown[] }).groups);
  expect(rules.length).toBeGreaterThan(5);
  const [listed, ...others] = groups;
  expect(others).toEqual(expected);
  // What has to run in the cluster, as infra/prometheus/services.yml says it for compose.
  const jobs = listed?.rules.map(({ labels }) => labels.job ?? '').filter((job) => job !== '');
  expect(jobs?.sort()).toEqual([
    'sluice-auditor',
    'sluice-capture',
    'sluice-sink-mysql',
    'sluice-sink-redis',
  ]);
  expect(listed?.rules.every(({ labels }) => labels.pipeline === 'shop')).toBe(true);
});

test('the dashboards of the cluster are those of infra/grafana (else: npm run manifests)', () => {
  const all = manifests.get('overlays/production/dashboards.yaml') ?? [];
  const shown = all.flatMap(({ data }) => Object.entries(data as Record<string, string>));
  const paths = globSync('infra/grafana/dashboards/*.json', { cwd: repositoryRoot }).sort();
  const expected = paths.map((path) => [
    path.split('/').at(-1),
    JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8')) as unknown,
  ]);
  expect(shown.map(([name, text]) => [name, JSON.parse(text) as unknown])).toEqual(expected);
});
