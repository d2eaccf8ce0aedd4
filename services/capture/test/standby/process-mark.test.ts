import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isGone, OWN_MARK } from '../../src/standby/process-mark.ts';

test('a process is gone when its id is free, not while it runs', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  const mark = { ...OWN_MARK, pid: String(child.pid), since: 'then', ticks: '' };
  expect(isGone(mark)).toBe(false);
  // Its id is another process's now.
  if (OWN_MARK.ticks !== '') expect(isGone({ ...mark, ticks: '1' })).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isGone(mark)).toBe(true);
  // Ids of another host, boot or container say nothing here.
  expect(isGone({ ...mark, host: 'elsewhere' })).toBe(false);
  expect(isGone({ ...mark, kernel: 'another' })).toBe(false);
});

test('this process is not gone; another that had its id is, as in a container that is started again', () => {
  expect(isGone(OWN_MARK)).toBe(false);
  expect(isGone({ ...OWN_MARK, since: 'before', kernel: 'another' })).toBe(true);
});

test.each(['', '0', '-1', 'x', '1e3'])('an id that is none (%j) says nothing', (pid) => {
  expect(isGone({ ...OWN_MARK, pid, since: 'then' })).toBe(false);
});
