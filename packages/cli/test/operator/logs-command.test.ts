import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@sluice/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseCommandLine } from '../../src/operator/command-line.ts';
import { logsCommand } from '../../src/operator/logs-command.ts';

const config = parseConfig(
  JSON.stringify({
    pipeline: 'shop',
    source: { host: 'db', user: 'u', tables: ['shop.*'] },
    kafka: { brokers: ['a:1'] },
    sinks: { redis: {} },
  }),
  {},
);

let folder = '';
const before = process.cwd();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-logs-'));
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  expect(process.cwd()).toBe(before);
});

async function told(...words: readonly string[]): Promise<unknown> {
  const wish = parseCommandLine(['logs', ...words, '--json'], 0);
  if (wish.kind !== 'command') throw new Error('no command');
  let text = '';
  const output = { write: (part: string) => (text += part) };
  const screen = { format: 'json', output, say: () => undefined, clear: () => undefined } as const;
  await logsCommand.run(wish.line, config, screen);
  return JSON.parse(text);
}

test('every command that may show it, and only those of what is seen to be here', async () => {
  expect(await told('sink-redis')).toEqual([
    {
      service: 'sink-redis',
      keeper: 'compose',
      command: 'docker compose logs --follow --tail 100 sink-redis',
    },
    {
      service: 'sink-redis',
      keeper: 'Kubernetes',
      command: 'kubectl logs --follow --tail 100 deployment/sink-redis',
    },
    {
      service: 'sink-redis',
      keeper: 'systemd',
      command: 'journalctl --follow --lines 100 --unit sluice-sink@redis',
    },
  ]);
  writeFileSync(join(folder, 'compose.yaml'), '');
  expect(await told()).toMatchObject([
    { service: 'capture', keeper: 'compose' },
    { service: 'sink-redis', keeper: 'compose' },
  ]);
});

test('a service that the file does not have is refused with those that it has', async () => {
  await expect(told('sink-mysql')).rejects.toThrow('there is no service sink-mysql: capture, sink-redis');
});
