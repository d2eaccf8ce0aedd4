import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { PipelineError } from '../src/errors.ts';
import { runService, type BuildService, type ServiceHost } from '../src/lifecycle.ts';
import { createLogger } from '../src/log.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-lifecycle-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'sluice.yaml');
writeFileSync(
  file,
  "pipeline: shop\nsource: { host: db, user: u, password: hunter2, tables: ['a.b'] }\nkafka: { brokers: ['k:1'] }\nonFatal: exit\n",
);

interface FakeHost extends ServiceHost {
  readonly lines: string[];
  readonly exited: Promise<number>;
  emit(event: string, value?: unknown): void;
}

function fakeHost(argv = ['--config', file], graceMs = 60_000): FakeHost {
  const lines: string[] = [];
  const listeners = new Map<string, (value: unknown) => void>();
  const { promise: exited, resolve } = Promise.withResolvers<number>();
  return {
    argv,
    env: {},
    on: (event, listener) => listeners.set(event, listener),
    removeAllListeners: (event) => listeners.delete(event),
    exit: resolve,
    createLogger: (name, options) => createLogger(name, options, { write: (line) => lines.push(line) }),
    graceMs,
    lines,
    exited,
    emit: (event, value) => listeners.get(event)?.(value),
  };
}

const lastLine = (host: FakeHost): Record<string, unknown> =>
  JSON.parse(host.lines.at(-1) ?? '{}') as Record<string, unknown>;
const forever = Promise.withResolvers<void>().promise;

test('a signal aborts, drains and exits with 0; the start line shows the configuration without secrets', async () => {
  const host = fakeHost();
  const seen: string[] = [];
  const running = Promise.withResolvers<void>();
  const build: BuildService = async ({ signal, config }) => {
    signal.addEventListener('abort', () => seen.push('abort'));
    seen.push(config.pipeline);
    running.resolve();
    return { done: forever, close: async () => void seen.push('close') };
  };
  const life = runService('capture', build, host);
  await running.promise;
  host.emit('SIGTERM');
  expect(await host.exited).toBe(0);
  await life;
  expect(seen).toEqual(['shop', 'abort', 'close']);
  expect(lastLine(host)).toMatchObject({ event: 'service.stopped', exitCode: 0, service: 'capture' });
  expect(host.lines[0]).toContain('"event":"service.starting"');
  expect(host.lines.join('')).not.toContain('hunter2');
});

test('a service that ends by an error is closed; one line says code, fix and exit code', async () => {
  const host = fakeHost();
  let closed = 0;
  await runService(
    'capture',
    async () => ({
      done: Promise.reject(new PipelineError('MYSQL_AUTH_FAILED', 'refused', { context: { host: 'db' } })),
      close: async () => void (closed += 1),
    }),
    host,
  );
  expect(await host.exited).toBe(70);
  expect(closed).toBe(1);
  expect(lastLine(host)).toMatchObject({
    level: 'fatal',
    msg: 'MYSQL_AUTH_FAILED: refused',
    exitCode: 70,
    err: { code: 'MYSQL_AUTH_FAILED', context: { host: 'db' }, fix: expect.any(String) as unknown },
  });
});

test('with onFatal: stay a service that can halt is built anew when a person may have acted; nothing ends', async () => {
  const host = { ...fakeHost(), env: { SLUICE__ON_FATAL: 'stay' } };
  const seen: string[] = [];
  const works = Promise.withResolvers<void>();
  vi.useFakeTimers();
  const build: BuildService = async ({ need }) => {
    seen.push(`built, ${need.current?.code ?? 'well'}`);
    const error = new PipelineError('MYSQL_AUTH_FAILED', 'refused');
    const isMended = seen.length > 5;
    if (isMended) works.resolve();
    return {
      done: isMended ? forever : Promise.reject(error),
      halt: async () => void seen.push('halt'),
      close: async () => void seen.push('close'),
    };
  };
  const life = runService('sink-redis', build, host);
  while (seen.length < 7) await vi.advanceTimersByTimeAsync(1000);
  vi.useRealTimers();
  await works.promise;
  expect(lastLine(host)).toMatchObject({ event: 'service.needs_operator', code: 'MYSQL_AUTH_FAILED' });
  host.emit('SIGTERM');
  expect(await host.exited).toBe(0);
  await life;
  const attempt = ['halt', 'close', 'built, MYSQL_AUTH_FAILED'];
  expect(seen).toEqual(['built, well', ...attempt, ...attempt, 'close']);
});

test.each([
  ['an error while draining decides the exit code', new PipelineError('MYSQL_AUTH_FAILED', 'refused'), 70],
  ['the abort itself, thrown on the way out, is no error', new DOMException('SIGTERM', 'AbortError'), 0],
])('%s', async (_, error, exitCode) => {
  const host = fakeHost();
  const done = Promise.withResolvers<void>();
  const running = Promise.withResolvers<void>();
  const build: BuildService = async () => {
    running.resolve();
    return { done: done.promise, close: async () => done.reject(error) };
  };
  void runService('capture', build, host);
  await running.promise;
  host.emit('SIGTERM');
  expect(await host.exited).toBe(exitCode);
});

test('warnings of Node are log lines; the one that kafkajs causes is not worth a warning', async () => {
  const host = fakeHost();
  const running = Promise.withResolvers<void>();
  const build: BuildService = async () => {
    running.resolve();
    return { done: forever, close: async () => undefined };
  };
  const life = runService('capture', build, host);
  await running.promise;
  host.emit('warning', Object.assign(new Error('-5 is negative'), { name: 'TimeoutNegativeWarning' }));
  host.emit('warning', Object.assign(new Error('11 listeners'), { name: 'MaxListenersExceededWarning' }));
  expect(lastLine(host)).toMatchObject({
    level: 'warn',
    event: 'node.warning',
    warning: 'MaxListenersExceededWarning',
  });
  expect(host.lines.join('')).not.toContain('TimeoutNegativeWarning');
  host.emit('SIGTERM');
  await life;
});

test('a bad configuration exits with 64 before anything is built', async () => {
  const host = fakeHost(['--config', join(directory, 'none.yaml')]);
  await runService('capture', async () => expect.fail('was built'), host);
  expect(await host.exited).toBe(64);
  expect(host.lines).toHaveLength(1);
});

test.each([
  ['unhandledRejection', 'a text'],
  ['uncaughtException', new TypeError('a bug')],
])('%s is logged once and exits with 1', async (event, value) => {
  const host = fakeHost();
  void runService('capture', async () => ({ done: forever, close: async () => undefined }), host);
  host.emit(event, value);
  host.emit(event, value);
  expect(await host.exited).toBe(1);
  expect(host.lines.filter((line) => line.includes('service.failed'))).toHaveLength(1);
});

test('what does not drain in time, or a second signal, ends by force', async () => {
  const stuck: BuildService = async () => ({ done: forever, close: () => forever });
  const slow = fakeHost(undefined, 1);
  void runService('capture', stuck, slow);
  slow.emit('SIGTERM');
  expect(await slow.exited).toBe(1);
  expect(lastLine(slow)).toMatchObject({ err: { code: 'SHUTDOWN_TIMEOUT' } });
  const impatient = fakeHost();
  void runService('capture', stuck, impatient);
  impatient.emit('SIGINT');
  impatient.emit('SIGINT');
  expect(await impatient.exited).toBe(1);
});
