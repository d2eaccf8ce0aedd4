import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditTopic } from '@sluice/envelope';
import { freePorts, startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { ServiceProcess } from '../harness/processes/service-process.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

const stack = await startStack({ servers: ['kafka', 'mysql'] });
afterAll(() => stack.stop());

/** A folder with `ca.pem`, and `server.pem` and `server.key` that it has signed for this host. */
async function certificates(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-certificates-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const openssl = (line: string): unknown =>
    execFileSync('openssl', line.split(' '), { stdio: 'pipe', cwd: folder });
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  await writeFile(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1\n');
  openssl(`req -x509 ${newKey} -days 2 -keyout ca.key -out ca.pem -subj /CN=ca`);
  openssl(`req ${newKey} -keyout server.key -out server.csr -subj /CN=capture`);
  openssl(`x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out server.pem`);
  return folder;
}

/** The lines of `sluice status`, which must not be well: there is no sink. */
async function statusOf(configFile: string, options: string): Promise<readonly unknown[]> {
  const { code, document } = await sluice(configFile, `status ${options}`.trim());
  expect(code).toBe(1);
  return (document as { readonly services: readonly unknown[] }).services;
}

test('the command shows its token over https; orders and refusals of services and command are on record', async () => {
  const scope = testScope();
  const folder = await certificates(scope);
  const file = (name: string): string => join(folder, name);
  const lines = ['ann operator', 'vic viewer'].map((who) => {
    const token = `token-of-${who.slice(0, 3)}`;
    return [who, token, createHash('sha256').update(token).digest('hex')] as const;
  });
  await writeFile(file('tokens'), lines.map(([who, , hash]) => `${who} ${hash}`).join('\n'));
  for (const [who, token] of lines) await writeFile(file(who.slice(0, 3)), `${token}\n`);
  const database = await SourceDatabase.create(scope, stack.mysql, 'guarded');
  await database.run('CREATE TABLE items (id INT PRIMARY KEY)', 'INSERT INTO items VALUES (1)');
  const [port = 0, metricsPort = 0, probesPort = 0] = await freePorts(3);
  const tls = { certFile: file('server.pem'), keyFile: file('server.key') };
  const ops = { port, metricsPort, tls, tokensFile: file('tokens'), probes: { port: probesPort } };
  const pipeline = await CapturePipeline.create(scope, {
    database,
    brokers: stack.kafka.brokers,
    sections: { capture: { ops }, sinks: { redis: {} } },
  });
  const { configFile, name } = pipeline;
  const capture = ServiceProcess.start(scope, {
    service: 'capture',
    configFile,
    opsPort: probesPort,
    args: [],
  });
  await capture.ready();

  const start = `snapshot start --table ${name}.items --token-file`;
  const trusted = `--ca-file ${file('ca.pem')}`;
  const done = await eventually('the order to be taken', async () => {
    const end = await sluice(configFile, `${start} ${file('ann')} ${trusted}`);
    return end.code === 0 && end;
  });
  expect(done.document).toMatchObject({ jobs: [{ table: `${name}.items` }] });
  const refused = await sluice(configFile, `${start} ${file('vic')} ${trusted}`);
  expect([refused.code, refused.said]).toEqual([1, expect.stringContaining('vic has viewer')]);
  const untrusted = await sluice(configFile, `${start} ${file('ann')}`);
  expect([untrusted.code, untrusted.said]).toEqual([1, expect.stringContaining('is not trusted')]);
  // No token: the service is there, and says so; it is not "no answer".
  const [seen] = await statusOf(configFile, trusted);
  expect(seen).toMatchObject({ service: 'capture', answers: 'refused', ready: false, well: false });
  expect((await statusOf(configFile, `${trusted} --token-file ${file('vic')}`))[0]).toMatchObject({
    answers: 'yes',
    status: { service: 'capture', pipeline: name },
  });
  expect((await statusOf(configFile, ''))[0]).toMatchObject({ answers: 'foreign', status: null });
  const release = ['dlq release --sink redis --id x-0-1 --by me --reason', 'a test row'] as const;
  expect((await sluice(configFile, ...release)).code).toBe(0);

  const entries: Record<string, unknown>[] = [];
  await pipeline.reader.readTopic(auditTopic(name), {}, ({ value }) => {
    entries.push((JSON.parse(String(value)) as { payload: Record<string, unknown> }).payload);
  });
  expect(entries.filter(({ code }) => code !== 'CAPTURE_NOT_STREAMING')).toMatchObject([
    { service: 'capture', principal: 'ann', role: 'operator', route: '/api/v1/snapshots', result: 'done' },
    { service: 'capture', principal: 'vic', role: 'viewer', status: 403, result: 'refused', order: null },
    { service: 'capture', principal: null, status: 401, route: '/api/v1/status', result: 'refused' },
    { service: 'command', principal: null, method: 'COMMAND', route: 'dlq release', result: 'done' },
  ]);
  expect(entries.at(-1)?.['order']).toEqual({ sink: 'redis', by: 'me', reason: 'a test row', id: 'x-0-1' });
  expect(JSON.stringify(entries)).not.toContain('token-of-');
});
