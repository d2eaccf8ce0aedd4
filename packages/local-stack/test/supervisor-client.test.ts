import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signalGroup } from '@sluice/processes/groups';
import { expect, onTestFinished, test } from 'vitest';
import { SupervisorClient } from '../src/supervisor-client.ts';

const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');
/** Its last thread too, which holds its end of the channel. */
const hasEnded = (pid: number): boolean => /^State:\s*Z[^]*^Threads:\s*1$/m.test(statusOf(pid));

test('an order to a supervisor that has just been killed is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-supervisor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const client = new SupervisorClient();
  await client.open(join(folder, 'run'));
  const launch = { command: 'sleep', args: ['60'], env: {}, cwd: folder, logFile: join(folder, 'log') };
  const server = await client.launch('server', launch);
  onTestFinished(() => signalGroup(server, 'SIGKILL'));
  const supervisor = Number(/^PPid:\s*(\d+)/m.exec(statusOf(server))?.[1]);
  process.kill(supervisor, 'SIGKILL');
  // Without a turn of the event loop, in which this process would hear of the end.
  while (!hasEnded(supervisor));
  await expect(client.signal('server', 'SIGKILL')).rejects.toMatchObject({ code: 'STACK_SERVER_FAILED' });
  await client.stop();
});
