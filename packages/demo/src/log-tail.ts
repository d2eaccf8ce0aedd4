import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { printable } from '@sluice/runtime';

const MOST_BYTES = 65_536;
const MOST_LINES = 5;

/** Why a service ended, from the end of its log: the last error it wrote, else its last lines. Never throws. */
export function logTail(logFile: string): string {
  const lines = readTail(logFile)
    .split('\n')
    .filter((line) => line.trim() !== '');
  for (const line of lines.toReversed()) {
    const words = errorOf(line);
    if (words !== null) return printable(words);
  }
  return printable(lines.slice(-MOST_LINES).join('\n'));
}

function readTail(file: string): string {
  try {
    const handle = openSync(file, 'r');
    try {
      const size = fstatSync(handle).size;
      const buffer = Buffer.alloc(Math.min(size, MOST_BYTES));
      readSync(handle, buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString('utf8');
    } finally {
      closeSync(handle);
    }
  } catch {
    return '';
  }
}

interface LogLine {
  readonly level?: unknown;
  readonly msg?: unknown;
  readonly err?: { readonly fix?: unknown };
}

function errorOf(line: string): string | null {
  let entry: LogLine;
  try {
    entry = JSON.parse(line) as LogLine;
  } catch {
    return null;
  }
  if (entry.level !== 'fatal' && entry.level !== 'error') return null;
  const fix = typeof entry.err?.fix === 'string' ? `\n  fix: ${entry.err.fix}` : '';
  return `${String(entry.msg)}${fix}`;
}
