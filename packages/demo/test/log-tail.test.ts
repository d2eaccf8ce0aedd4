import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logTail } from '../src/log-tail.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function wordsOf(text: string): string {
  const file = join(folder, 'service.log');
  writeFileSync(file, text);
  return logTail(file);
}

test('the last error with its fix', () => {
  const text = `{"level":"error","msg":"older"}
{"level":"fatal","msg":"CONFIG_INVALID: it is wrong","err":{"fix":"mend it"}}
{"level":"info","msg":"later"}
`;
  expect(wordsOf(text)).toBe('CONFIG_INVALID: it is wrong\n  fix: mend it');
});

test('without an error the last lines, however long the log', () => {
  const text = Array.from({ length: 9000 }, (_, index) => `line number ${index}`).join('\n');
  expect(wordsOf(text).split('\n')).toEqual(
    [8995, 8996, 8997, 8998, 8999].map((index) => `line number ${index}`),
  );
});

test('no log, no words', () => {
  expect(logTail(join(folder, 'absent.log'))).toBe('');
});
