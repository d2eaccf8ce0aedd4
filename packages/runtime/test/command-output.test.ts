import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { commandOutput, commandWords } from '../src/command-output.ts';

test.each([
  ['token', ['token']],
  ['  /usr/bin/token --audience kafka ', ['/usr/bin/token', '--audience', 'kafka']],
  [`sh -c 'echo "a b"; exit 0' ""`, ['sh', '-c', 'echo "a b"; exit 0', '']],
  [`a"b c"'d'e`, ['ab cde']],
  ['echo $HOME > /tmp/x; ls *', ['echo', '$HOME', '>', '/tmp/x;', 'ls', '*']],
  ['', null],
  [`sh -c 'echo`, null],
  [`a "b`, null],
])('%s', (line, words) => {
  expect(commandWords(line)).toEqual(words);
});

test('what a program writes is given as it is, its standard error is not', async () => {
  expect(await commandOutput(['sh', '-c', "echo to-stderr >&2; printf 'line\\n'"])).toBe('line\n');
});

test.each([
  ['exit 3', 'exit code 3'],
  ['echo hunter2 >&2; exit 1', 'exit code 1'],
  ['true', 'no output'],
  ['kill -9 $$', 'ended by SIGKILL'],
  ['yes hunter2', 'more than 65536 bytes'],
])('%s', async (script, reason) => {
  const error: unknown = await commandOutput(['sh', '-c', script]).catch((caught: unknown) => caught);
  expect(String(error)).toBe(reason);
  expect(String((error as Error).stack)).not.toContain('hunter2');
});

test('a program that is not there', async () => {
  await expect(commandOutput(['/no/such/program'])).rejects.toThrow('ENOENT');
});

test('what takes too long is ended, with all that it has started', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-command-'));
  const pidFile = join(folder, 'pid');
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const output = commandOutput([
    'sh',
    '-c',
    `sleep 600 & echo $! > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait`,
  ]);
  const ended = output.catch((error: unknown) => error);
  let pid = '';
  while (pid === '') pid = await readFile(pidFile, 'utf8').catch(() => '');
  vi.advanceTimersByTime(10_000);
  vi.useRealTimers();
  expect(String(await ended)).toBe('no end within 10000 ms');
  await vi.waitFor(async () => {
    const state = await readFile(`/proc/${Number(pid)}/stat`, 'utf8').catch(() => '(gone) Z');
    expect(state).toMatch(/\) [ZX]/);
  });
  await rm(folder, { recursive: true });
});
