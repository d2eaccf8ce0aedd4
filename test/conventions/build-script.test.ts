import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readText, repositoryRoot } from './workspaces.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-docker-'));
afterAll(() => rmSync(folder, { recursive: true }));
// In the place of docker: prints what it was asked for.
writeFileSync(join(folder, 'docker'), '#!/bin/sh\necho "docker $*"\n');
chmodSync(join(folder, 'docker'), 0o755);

/** Lines of scripts/build.sh: each call of docker, and the name of each image. */
function build(...args: readonly string[]): readonly string[] {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH']}` };
  const script = join(repositoryRoot, 'scripts/build.sh');
  return execFileSync('sh', [script, ...args], { encoding: 'utf8', env, stdio: 'pipe' })
    .trim()
    .split('\n');
}

const services = readdirSync(join(repositoryRoot, 'services')).sort();

test('a version is an image of each service and of the command', () => {
  const lines = build('docker', '1.2.3', 'registry.example/cdc');
  const names = lines.filter((line) => !line.startsWith('docker '));
  expect(names).toEqual([...services, 'cli'].map((name) => `registry.example/cdc/sluice-${name}:1.2.3`));
  const calls = lines.filter((line) => line.startsWith('docker build '));
  expect(calls).toHaveLength(names.length);
  for (const call of calls) {
    expect(call).toContain('--build-arg VERSION=1.2.3 ');
    expect(call).toMatch(/--build-arg REVISION=[0-9a-f]{40}(?:-dirty)? /);
  }
});

test('the image of the command has what that of docker-compose.yml has', () => {
  const call = build('docker', 'x').find((line) => line.includes('SERVICE=packages/cli')) ?? '';
  const { services: compose } = parse(readText('docker-compose.yml'), { merge: true }) as {
    services: { cli: { build: { args: { ALSO: string } } } };
  };
  const [, also = ''] = /ALSO=(.*?) --build-arg/.exec(call) ?? [];
  expect(also.split(' ').sort()).toEqual(compose.cli.build.args.ALSO.split(' ').sort());
});

test('pushed images are for two architectures, with SBOM and provenance', () => {
  const [first = ''] = build('push', '1.2.3', 'registry.example/cdc');
  expect(first).toContain(
    'buildx build --platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max --push',
  );
});

test.each([[['push', '1.2.3']], [['docker', '1 2']], [['docker', '-x']], [['ship', '1.2.3']], [['docker']]])(
  '%j is refused',
  (args) => {
    expect(() => build(...args)).toThrow();
  },
);
