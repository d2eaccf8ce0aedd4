import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

/** What the scripts add to a folder of secrets that an earlier version has made. */

const ROOT = join(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');
const filesOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(readdirSync(folder).map((name) => [name, read(folder, name)]));

function run(script: string, folder: string, args: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync('sh', [join(ROOT, 'infra/docker', script), ...args, folder], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** What a compose file asks for in the folder. */
function namedBy(compose: string, folder: string): readonly string[] {
  const text = readFileSync(join(ROOT, compose), 'utf8');
  const pattern = new RegExp(`file: \\./infra/docker/${folder}/([\\w.-]+)`, 'gu');
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}

/** As the first version of new-secrets.sh made it: without the accounts of exporters and the replica. */
function oldFolder(name: string): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { mode: 0o700 });
  for (const account of ['mysql_root', 'mysql_target_root', 'source', 'target', 'redis', 'demo', 'grafana'])
    writeFileSync(join(folder, `${account}_password`), `old-${account}`);
  const acl = readFileSync(join(ROOT, 'infra/redis/users.acl'), 'utf8');
  writeFileSync(join(folder, 'redis_users.acl'), acl.replace('${SLUICE_REDIS_PASSWORD}', 'old-redis'));
  writeFileSync(join(folder, 'demo_account.sql'), "CREATE USER 'demo'@'%' IDENTIFIED BY 'old-demo';\n");
  return folder;
}

test('a folder of an earlier version gets what is missing, keeps every password, and the servers’ part is told', () => {
  const folder = oldFolder('first');
  const before = filesOf(folder);
  const { status, stdout, stderr } = run('new-secrets.sh', folder);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(readdirSync(folder).sort()).toEqual(namedBy('docker-compose.yml', 'secrets').toSorted());
  for (const [name, was] of before)
    if (name !== 'redis_users.acl') expect([name, read(folder, name)]).toEqual([name, was]);
  const acl = read(folder, 'redis_users.acl');
  expect(acl.startsWith(before.get('redis_users.acl') ?? '-')).toBe(true);
  const exporter = /^user exporter on >([0-9a-f]{48}) /mu.exec(acl)?.[1] ?? '-';
  expect(read(folder, 'exporter_account.sql')).toContain(`IDENTIFIED BY '${exporter}'`);
  expect(read(folder, 'redis_exporter.json')).toContain(`"redis://redis:6379": "${exporter}"`);
  expect(stdout).toContain('added to');
  for (const [server, file] of [
    ['mysql', 'replica_account.sql'],
    ['mysql', 'exporter_account.sql'],
    ['mysql-target', 'exporter_account.sql'],
  ] as const)
    expect(stdout).toContain(`a ${server} that has data already reads ${file} by hand`);
  expect(stdout).toContain('docker compose restart redis');
  expect(stdout + stderr).not.toMatch(/old-|[0-9a-f]{32}/u);

  const after = filesOf(folder);
  const again = run('new-secrets.sh', folder);
  expect(again.status).toBe(0);
  expect(again.stdout).toContain('nothing to add');
  expect(filesOf(folder)).toEqual(after);
});

test('a password that one file has still is that of the file that is made anew', () => {
  const folder = oldFolder('halves');
  run('new-secrets.sh', folder);
  const whole = filesOf(folder);
  const lost = [
    'demo_password',
    'redis_password',
    'replica_start.sql',
    'mysql_exporter.cnf',
    'redis_exporter.json',
  ];
  for (const name of lost) rmSync(join(folder, name));
  expect(run('new-secrets.sh', folder).status).toBe(0);
  expect(filesOf(folder)).toEqual(whole);
});

test('a lost password is made anew, and it is told that a server keeps the one before', () => {
  const folder = oldFolder('lost');
  rmSync(join(folder, 'source_password'));
  expect(run('new-secrets.sh', folder).stderr).toContain('source_password is a new one');
  expect(read(folder, 'source_password')).toMatch(/^[0-9a-f]{48}$/u);
});

test('other rights in Redis than the version asks for are told, not changed', () => {
  const folder = oldFolder('rights');
  const file = join(folder, 'redis_users.acl');
  writeFileSync(file, readFileSync(file, 'utf8').replace(' +getrange', ''));
  expect(run('new-secrets.sh', folder).stderr).toContain('other rights for the user sluice');
  expect(read(folder, 'redis_users.acl')).not.toContain('getrange');
});

const production = join(scratch, 'production');

test('production: what a newer version asks for is added, certificates and passwords stay', () => {
  run('new-production-secrets.sh', production);
  const whole = filesOf(production);
  expect(whole.size).toBeGreaterThan(namedBy('docker-compose.prod.yml', 'production-secrets').length);
  for (const name of [
    'auditor.key',
    'auditor.pem',
    'kafka_command_password',
    'kafka_admin.properties',
    'ops_tokens',
  ])
    rmSync(join(production, name));
  const jaas = join(production, 'kafka_jaas.conf');
  writeFileSync(jaas, read(production, 'kafka_jaas.conf').replace(/ {2}user_sluice-command=.*\n/u, ''));
  const { status, stdout } = run('new-production-secrets.sh', production);
  expect(status).toBe(0);
  expect(stdout).toContain('--force-recreate kafka kafka-setup');
  const after = filesOf(production);
  expect([...after.keys()].sort()).toEqual([...whole.keys()].sort());
  const changed = [...after.keys()].filter((name) => after.get(name) !== whole.get(name));
  // The login of the command is in no file any more: it is another one, in both of its files.
  expect(changed.sort()).toEqual(['auditor.key', 'auditor.pem', 'kafka_command_password', 'kafka_jaas.conf']);
  expect(after.get('kafka_jaas.conf')).toContain(
    `user_sluice-command="${after.get('kafka_command_password')}"`,
  );
  expect(statSync(join(production, 'ca.key')).mode & 0o777).toBe(0o600);
});

test('production: a certificate without the name of a newer service is told, and stays until it is renewed', () => {
  const old = join(production, 'redis.pem');
  const was = readFileSync(old, 'utf8');
  writeFileSync(join(production, 'capture.pem'), was);
  const { status, stderr } = run('new-production-secrets.sh', production);
  expect(status).toBe(0);
  expect(stderr).toContain('capture.pem does not name capture-standby: --renew');
  expect(read(production, 'capture.pem')).toBe(was);
  expect(run('new-production-secrets.sh', production, ['--renew'])).toMatchObject({ status: 0, stderr: '' });
  expect(new X509Certificate(read(production, 'capture.pem')).checkHost('capture-standby')).toBe(
    'capture-standby',
  );
});

test('production: without the key of the authority the missing certificate is named, and nothing else is made', () => {
  const [key, kept] = [join(production, 'ca.key'), join(scratch, 'ca.key')];
  renameSync(key, kept);
  rmSync(join(production, 'auditor.pem'));
  const before = filesOf(production);
  const { status, stderr } = run('new-production-secrets.sh', production);
  expect(status).toBe(1);
  expect(stderr).toContain('missing still: auditor.pem');
  expect(filesOf(production)).toEqual(before);
  renameSync(kept, key);
  expect(run('new-production-secrets.sh', production).status).toBe(0);
});
