import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../src/config/load.ts';
import { createLogger } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { startMetricsServer } from '../src/ops-servers.ts';
import { closeAll, startServers, tokenLine, tokensFile } from './ops-support.ts';

let folder = '';
const pem = (name: string): string => join(folder, `${name}.pem`);
const key = (name: string): string => join(folder, `${name}.key`);
/** Names of files are relative to the folder, so that no argument has a space. */
const openssl = (line: string): void => {
  execFileSync('openssl', line.split(' '), { stdio: 'pipe', cwd: folder });
};
const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';

function newAuthority(name: string): void {
  openssl(`req -x509 ${NEW_KEY} -days 2 -keyout ${name}.key -out ${name}.pem -subj /CN=${name}`);
}

async function issue(name: string, subject: string, authority: string, days = 2): Promise<void> {
  await writeFile(join(folder, `${name}.ext`), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  openssl(`req ${NEW_KEY} -keyout ${name}.key -out ${name}.csr -subj ${subject}`);
  const signed = `-CA ${authority}.pem -CAkey ${authority}.key -CAcreateserial -days ${days}`;
  openssl(`x509 -req -in ${name}.csr ${signed} -extfile ${name}.ext -out ${name}.pem`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-certificates-'));
  newAuthority('ca');
  newAuthority('stranger-ca');
  await issue('server', '/CN=server', 'ca');
  await issue('renewed', '/CN=renewed', 'ca');
  await issue('ann', '/CN=ann', 'ca');
  await issue('bob', '/CN=bob', 'ca');
  await issue('two-names', '/CN=ann/CN=admin', 'ca');
  await issue('no-name', '/O=ann', 'ca');
  await issue('old', '/CN=ann', 'ca', -1);
  await issue('forged', '/CN=ann', 'stranger-ca');
}, 60_000);

afterEach(closeAll);
afterAll(() => rm(folder, { recursive: true }));

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function ask(port: number, path: string, options: RequestOptions = {}): Promise<Answer> {
  const ca = await readFile(pem('ca'));
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request({ host: '127.0.0.1', port, path, ca, agent: false, ...options }, (response) => {
    let body = '';
    response.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}

const shown = async (name: string) => ({ cert: await readFile(pem(name)), key: await readFile(key(name)) });
const tls = (more = {}) => ({
  certFile: pem('server'),
  keyFile: key('server'),
  minVersion: 'TLSv1.2' as const,
  ...more,
});

test('a certificate stands for its common name, with the role that the file gives it; a token counts before it', async () => {
  const file = await tokensFile(
    'ann operator certificate',
    'admin admin certificate',
    tokenLine('vic', 'viewer', 'v'),
  );
  const { port } = await startServers({ tls: tls({ clientCaFile: pem('ca') }), tokensFile: file });
  const order = async (name: string | null, headers: Record<string, string> = {}) => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    return ask(port, '/api/v1/things/1', { ...options, ...(name === null ? {} : await shown(name)) });
  };
  expect(await order('ann')).toEqual({ status: 202, body: '{"principal":"ann"}\n' });
  const told: Record<string, [number, string]> = {};
  for (const name of ['bob', 'two-names', 'no-name', 'old', 'forged', null]) {
    const { status, body } = await order(name);
    told[String(name)] = [status, (JSON.parse(body) as { error: string }).error];
  }
  expect(told).toEqual({
    bob: [401, 'the certificate has no role here'],
    'two-names': [401, 'the certificate has no common name, or several'],
    'no-name': [401, 'the certificate has no common name, or several'],
    old: [401, 'the certificate is not valid here'],
    forged: [401, 'the certificate is not valid here'],
    null: [401, 'send authorization: Bearer TOKEN'],
  });
  expect(await order('ann', { authorization: 'Bearer v' })).toMatchObject({ status: 403 });
  expect(await order('ann', { authorization: 'Bearer wrong' })).toMatchObject({ status: 401 });
  expect(await ask(port, '/livez')).toMatchObject({ status: 200 });
  await writeFile(file, tokenLine('vic', 'viewer', 'v'));
  expect(await order('ann')).toMatchObject({ status: 401 });
});

test('a name in a certificate is nobody where the authority is not asked', async () => {
  const file = await tokensFile('ann operator certificate');
  const { port } = await startServers({ tls: tls(), tokensFile: file });
  expect(await ask(port, '/api/v1/status', await shown('ann'))).toMatchObject({ status: 401 });
});

test('probes and metrics have listeners of their own, each with its address and TLS', async () => {
  const { port, metricsPort, probesPort } = await startServers({
    tls: tls(),
    probes: { host: '127.0.0.1', port: 0 },
    metrics: { host: '127.0.0.1', tls: tls({ clientCaFile: pem('ca') }) },
  });
  const probe = async (path: string) => (await fetch(`http://127.0.0.1:${probesPort}${path}`)).status;
  expect(await Promise.all(['/livez', '/readyz', '/api/v1/status', '/metrics'].map(probe))).toEqual([
    200, 200, 404, 404,
  ]);
  expect(await ask(port, '/livez')).toMatchObject({ status: 404 });
  expect(await ask(port, '/api/v1/status')).toMatchObject({ status: 200 });
  expect(await ask(metricsPort, '/metrics', await shown('bob'))).toMatchObject({ status: 200 });
  await expect(ask(metricsPort, '/metrics')).rejects.toThrow();
  await expect(ask(metricsPort, '/metrics', await shown('forged'))).rejects.toThrow();
  await expect(fetch(`http://127.0.0.1:${port}/api/v1/status`)).rejects.toThrow();
});

test('metrics alone, of a process without an API, have TLS and ask for a certificate as those of services do', async () => {
  const place = { host: '127.0.0.1', port: 0, setting: '--listen', tlsSetting: 'auditor.ops.metrics' };
  const { registry } = createMetrics('auditor');
  const health = () => ({ ready: true, components: {} });
  const log = createLogger('auditor', { level: 'silent' });
  const start = (certificate: ReturnType<typeof tls>) =>
    startMetricsServer({ ...place, tls: certificate, registry, health, log });
  const server = await start(tls({ clientCaFile: pem('ca') }));
  onTestFinished(() => server.close());
  expect(await ask(server.port, '/metrics', await shown('bob'))).toMatchObject({ status: 200 });
  await expect(ask(server.port, '/metrics')).rejects.toThrow();
  await expect(fetch(`http://127.0.0.1:${server.port}/metrics`)).rejects.toThrow();
  await expect(start(tls({ certFile: '/nowhere' }))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('TLS of auditor.ops.metrics ') as string,
  });
});

test('an older version of TLS than the setting says is refused', async () => {
  const { port } = await startServers({ tls: tls({ minVersion: 'TLSv1.3' }) });
  await expect(ask(port, '/api/v1/status', { maxVersion: 'TLSv1.2' })).rejects.toThrow(/version|alert/iu);
  expect(await ask(port, '/api/v1/status')).toMatchObject({ status: 200 });
});

test('a renewed certificate is shown without a restart, half of one changes nothing', async () => {
  const [certFile, keyFile] = [join(folder, 'live.pem'), join(folder, 'live.key')];
  await copyFile(pem('server'), certFile);
  await copyFile(key('server'), keyFile);
  const { port } = await startServers({ tls: tls({ certFile, keyFile }), lookAtFilesMs: 20 });
  const name = async () => {
    const ca = await readFile(pem('ca'));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.on('error', reject);
    return promise;
  };
  expect(await name()).toBe('server');
  await copyFile(pem('renewed'), certFile);
  for (let look = 0; look < 5; look += 1) expect(await name()).toBe('server');
  await copyFile(key('renewed'), keyFile);
  await expect.poll(name).toBe('renewed');
});

test('files that cannot be used are named by their setting, and no port is left open', async () => {
  const wrong = { ...tls(), keyFile: key('ann') };
  const refused = {
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('TLS of capture.ops ') as string,
  };
  await expect(startServers({ tls: wrong })).rejects.toMatchObject(refused);
  await expect(startServers({ tls: tls({ certFile: '/nowhere' }) })).rejects.toMatchObject(refused);
  const ofProbes = { message: expect.stringContaining('TLS of capture.ops.probes ') as string };
  await expect(startServers({ probes: { port: 0, tls: wrong } })).rejects.toMatchObject(ofProbes);
});

test('roles of certificates need the file that gives them', () => {
  const file = (ops: object) =>
    JSON.stringify({
      pipeline: 'p',
      source: { host: 'h', user: 'u', tables: ['a.b'] },
      kafka: { brokers: ['k:1'] },
      capture: { ops },
    });
  const own = { certFile: 'c', keyFile: 'k', clientCaFile: 'a' };
  expect(() => parseConfig(file({ tls: own }), {})).toThrow(/capture\.ops\.tokensFile.*certificate/su);
  expect(parseConfig(file({ tls: own, tokensFile: 't' }), {}).capture.ops.tls).toEqual({
    ...own,
    minVersion: 'TLSv1.2',
  });
  expect(() => parseConfig(file({ probes: { port: 1, tls: own } }), {})).toThrow(/clientCaFile/u);
});
