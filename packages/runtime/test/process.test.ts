import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'sluice-process-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'sluice.yaml');
writeFileSync(
  file,
  "pipeline: shop\nsource: { host: db, user: u, tables: ['a.b'] }\nkafka: { brokers: ['k:1'] }\n",
);

/** Runs the fixture service as a process of its own; sends SIGTERM when it says that it is ready. */
async function run(
  env: Record<string, string>,
): Promise<{ code: number | null; events: unknown[]; stderr: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/service.ts')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const events: unknown[] = [];
  createInterface(child.stdout).on('line', (line) => {
    const { event } = JSON.parse(line) as { event?: unknown };
    events.push(event);
    if (event === 'fixture.ready') child.kill('SIGTERM');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, events, stderr };
}

test('a real process stops on SIGTERM with 0', async () => {
  const events = ['service.starting', 'fixture.ready', 'service.stopping', 'service.stopped'];
  expect(await run({ SLUICE_CONFIG: file })).toEqual({ code: 0, events, stderr: '' });
});

test('a real process with a rejection that nobody handles logs it and exits with 1', async () => {
  expect(await run({ SLUICE_CONFIG: file, CRASH: '1' })).toEqual({
    code: 1,
    events: ['service.starting', 'service.failed'],
    stderr: '',
  });
});

test('a real process without a configuration exits with 64', async () => {
  expect(await run({ SLUICE_CONFIG: join(directory, 'none') })).toEqual({
    code: 64,
    events: ['service.failed'],
    stderr: '',
  });
});
