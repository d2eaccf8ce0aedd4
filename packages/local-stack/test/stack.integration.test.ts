import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { ADDRESS_VARIABLES, OnDemandServers, startStack } from '../src/index.ts';
import { greetsAsMysql } from '../src/servers/mysql-greeting.ts';
import { REDIS } from '../src/servers/redis-server.ts';

/** The suites share one stack by these variables; here every test starts its own. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !Object.values(ADDRESS_VARIABLES).includes(name)),
);
const GONE = { timeout: 20_000, interval: 50 };

interface Running {
  readonly parent: number;
  readonly supervisor: number;
  readonly servers: readonly number[];
  readonly runFolder: string;
}

async function startInOtherProcess(): Promise<Running> {
  const script = join(import.meta.dirname, 'support/parent.ts');
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const servers = JSON.parse(line) as number[];
  const [first = 0] = servers;
  const supervisor = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${first}/status`, 'utf8'))?.[1]);
  const runFolder = dirname(readlinkSync(`/proc/${first}/cwd`));
  return { parent: child.pid ?? 0, supervisor, servers, runFolder };
}

/**
 * Whether any thread of the process still runs. One that has ended but was not yet waited for is a zombie (state Z); so is
 * its first thread while others of it are ending and hold its sockets, and with them its locks (proc(5)).
 */
function isAlive(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return !/^State:\s*Z/m.test(status) || Number(/^Threads:\s*(\d+)/m.exec(status)?.[1]) > 1;
  } catch {
    return false;
  }
}

describe('nothing is left behind', () => {
  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'after %s to the process that started it',
    async (signal) => {
      const { parent, supervisor, servers, runFolder } = await startInOtherProcess();
      expect([supervisor, ...servers].every(isAlive)).toBe(true);
      expect(existsSync(runFolder)).toBe(true);
      process.kill(parent, signal);
      await expect.poll(() => [supervisor, ...servers].filter(isAlive), GONE).toEqual([]);
      expect(existsSync(runFolder)).toBe(false);
    },
  );

  test('after SIGKILL to that process and the supervisor, once the next stack has started', async () => {
    const { parent, supervisor, servers, runFolder } = await startInOtherProcess();
    process.kill(supervisor, 'SIGKILL');
    process.kill(parent, 'SIGKILL');
    await expect.poll(() => isAlive(supervisor), GONE).toBe(false);
    await using next = await startStack({ servers: ['redis'], env });
    expect(next.pid('redis')).toBeGreaterThan(0);
    await expect.poll(() => servers.filter(isAlive), GONE).toEqual([]);
    // Another start at the same time may be the one that sweeps.
    await expect.poll(() => existsSync(runFolder), GONE).toBe(false);
  });

  test('after a start that failed', async () => {
    const flags = { mysql: ['--no-such-option'] };
    const lines: string[] = [];
    const start = startStack({
      servers: ['redis', 'mysql'],
      flags,
      env,
      onProgress: (line) => lines.push(line),
    });
    await expect(start).rejects.toMatchObject({
      code: 'STACK_SERVER_FAILED',
      message: expect.stringContaining('no-such-option') as string,
    });
    expect(lines).toContain('mysql: starting');
  });
});

test('a server can be killed, paused and started again on the same port and data', async () => {
  await using stack = await startStack({ servers: ['mysql', 'redis'], env });
  const { host, port } = stack.mysql;
  const before = stack.pid('mysql');
  await stack.kill('mysql');
  expect(isAlive(before)).toBe(false);
  expect(await greetsAsMysql(host, port)).toBe(false);
  await stack.start('mysql');
  expect(stack.pid('mysql')).not.toBe(before);
  expect(await greetsAsMysql(host, port)).toBe(true);

  const redisPort = Number(new URL(stack.redis.url).port);
  await stack.kill('redis', 'SIGSTOP');
  expect(await REDIS.answers(host, redisPort)).toBe(false);
  await stack.kill('redis', 'SIGCONT');
  expect(await REDIS.answers(host, redisPort)).toBe(true);
  await stack.restart('redis');
  expect(await REDIS.answers(host, redisPort)).toBe(true);
});

test('MySQL and MariaDB keep their temporary tables in a folder of their own', async () => {
  const names = ['mysql', 'mariadb'] as const;
  await using stack = await startStack({ servers: names, env });
  for (const name of names) {
    const pid = stack.pid(name);
    const folder = join(dirname(readlinkSync(`/proc/${pid}/cwd`)), 'tmp');
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')).toContain(`--tmpdir=${folder}`);
    expect(existsSync(folder)).toBe(true);
  }
});

test('an address in the environment is attached to, and must answer', async () => {
  await using own = await startStack({ servers: ['redis'], env });
  const attached = await startStack({ servers: ['redis'], env: { ...env, SLUICE_REDIS_URL: own.redis.url } });
  expect(attached.redis.url).toBe(own.redis.url);
  expect(() => attached.pid('redis')).toThrow('attached');
  await attached.stop();
  expect(isAlive(own.pid('redis'))).toBe(true);
  const url = own.redis.url;
  await own.kill('redis');
  await expect(
    startStack({ servers: ['redis'], env: { ...env, SLUICE_REDIS_URL: url } }),
  ).rejects.toMatchObject({
    code: 'STACK_SERVER_FAILED',
    message: expect.stringContaining('SLUICE_REDIS_URL') as string,
  });
});

test('of servers on demand, only those that somebody names are started, and each once', async () => {
  // With no Java there can be no Kafka: nothing is wrong with that until it is named.
  const servers = await OnDemandServers.open({ env: { ...env, JAVA_HOME: '/nowhere' } });
  try {
    const asking = { ...env, ...servers.env };
    const ask = (): Promise<string> =>
      startStack({ servers: ['redis'], env: asking }).then((stack) => stack.redis.url);
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(second).toBe(first);
    await expect(startStack({ servers: ['kafka', 'redis'], env: asking })).rejects.toMatchObject({
      code: 'STACK_TOOL_MISSING',
      message: expect.stringContaining('/nowhere/bin/java') as string,
    });
    await servers.stop();
    expect(await REDIS.answers('127.0.0.1', Number(new URL(first).port))).toBe(false);
    await expect(ask()).rejects.toMatchObject({ code: 'STACK_SERVER_FAILED' });
  } finally {
    await servers.stop();
  }
});

test('a server of a run of tests that ends by itself is told once, and started afresh for the next who asks', async () => {
  const servers = await OnDemandServers.open({ env });
  try {
    const asking = { ...env, ...servers.env };
    const ask = (): Promise<string> =>
      startStack({ servers: ['redis'], env: asking }).then((stack) => stack.redis.url);
    const port = Number(new URL(await ask()).port);
    expect(await servers.losses()).toEqual([]);
    connect(port, '127.0.0.1').end('SHUTDOWN NOSAVE\r\n');
    await expect.poll(() => REDIS.answers('127.0.0.1', port), GONE).toBe(false);
    await expect.poll(ask, GONE).toMatch(/^redis:/);
    expect(await servers.losses()).toEqual([
      expect.stringMatching(/^Redis ended by itself \(exit code 0\); its last words:\n[^]*bye bye/),
    ]);
    expect(await servers.losses()).toEqual([]);
  } finally {
    await servers.stop();
  }
});
