import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SupervisedProcess } from '../src/supervised-process.ts';

let folder = '';
let started: SupervisedProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
});
afterEach(async () => {
  await Promise.all(started.map((process) => process.stop()));
  started = [];
  rmSync(folder, { recursive: true });
});

function supervise(program: string, events: string[] = []): SupervisedProcess {
  const main = join(folder, 'main.ts');
  writeFileSync(main, program);
  const logFile = join(folder, 'service.log');
  const process = new SupervisedProcess(
    { name: 'service', main, env: { GREETING: 'hello' }, logFile },
    (line) => events.push(line),
  );
  started.push(process);
  return process;
}

const logText = (): string => readFileSync(join(folder, 'service.log'), 'utf8');
const SERVE = `process.on('SIGTERM', () => process.exit(0));
console.log(process.env.GREETING, process.pid);
setInterval(() => undefined, 1000);
`;

test('a killed process is started again and stops when asked', async () => {
  const events: string[] = [];
  const service = supervise(SERVE, events);
  await vi.waitFor(() => expect(logText()).toContain(`hello ${service.pid}`), 10_000);
  const killed = service.pid;
  expect(service.crash()).toBe(true);
  await vi.waitFor(() => expect(service.restarts).toBe(1), 10_000);
  expect(service.pid).not.toBe(killed);
  await vi.waitFor(() => expect(logText()).toContain(`hello ${service.pid}`), 10_000);
  expect(await service.stop()).toBe(0);
  expect(service.state).toBe('stopped');
  expect(events[0]).toMatch(/^service ended \(SIGKILL\); starting it again in 0\.\d s$/);
});

test('exit code 1 is a restart, 64 is for good', async () => {
  const flag = JSON.stringify(join(folder, 'flag'));
  const service = supervise(`import { existsSync, writeFileSync } from 'node:fs';
const again = existsSync(${flag});
writeFileSync(${flag}, '');
process.exit(again ? 64 : 1);`);
  expect(await service.ended).toBe(64);
  expect(service.restarts).toBe(1);
  expect(service.state).toBe('failed');
});

test('a process that waits for its restart can be stopped', async () => {
  const service = supervise('process.exit(1)');
  await vi.waitFor(() => expect(service.state).toBe('waiting'), { timeout: 10_000, interval: 1 });
  expect(await service.stop()).toBe(0);
  expect(service.state).toBe('stopped');
});

test('when the supervisor is killed, its process ends by itself', async () => {
  const parent = join(folder, 'parent.ts');
  const main = join(folder, 'main.ts');
  const logFile = join(folder, 'service.log');
  const module = new URL('../src/supervised-process.ts', import.meta.url).href;
  writeFileSync(main, SERVE);
  writeFileSync(
    parent,
    `import { SupervisedProcess } from ${JSON.stringify(module)};
new SupervisedProcess(${JSON.stringify({ name: 'service', main, env: { GREETING: 'hello' }, logFile })}, () => undefined);
setInterval(() => undefined, 1000);`,
  );
  const supervisor = spawn(process.execPath, [parent], { stdio: 'ignore' });
  await vi.waitFor(() => expect(logText()).toMatch(/hello \d+/), 10_000);
  const pid = Number(/hello (\d+)/.exec(logText())?.[1]);
  expect(isAlive(pid)).toBe(true);
  supervisor.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000);
});

/** Whether any thread of it runs; a process that nobody has waited for yet stays a zombie (state Z, proc(5)). */
function isAlive(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return !/^State:\s*Z/m.test(status) || Number(/^Threads:\s*(\d+)/m.exec(status)?.[1]) > 1;
  } catch {
    return false;
  }
}
