import { expect, test } from 'vitest';
import { lastLines, runProgram } from '../src/run-program.ts';

test('gives what a program wrote, and whether it succeeded', async () => {
  expect(await runProgram('sh', ['-c', 'echo out; echo err >&2'])).toEqual({
    ok: true,
    output: 'out\nerr\n',
  });
  expect(await runProgram('sh', ['-c', 'echo no; exit 3'])).toEqual({ ok: false, output: 'no\n' });
  expect(await runProgram('cat', [], { input: 'text' })).toEqual({ ok: true, output: 'text' });
});

test('a program that reads no input, or is missing, is no crash', async () => {
  expect(await runProgram('true', [], { input: 'x'.repeat(1 << 20) })).toMatchObject({ ok: true });
  expect(await runProgram('/nonexistent/program', [])).toMatchObject({ ok: false });
});

test('ends with its time or its signal', async () => {
  expect(await runProgram('sleep', ['60'], { timeoutMs: 20 })).toMatchObject({ ok: false });
  const reason = new Error('enough');
  await expect(runProgram('sleep', ['60'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test('the last lines of a long output', () => {
  expect(lastLines('a\nb\nc\n\n', 2)).toBe('b\nc');
});
