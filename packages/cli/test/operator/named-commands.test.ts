import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorEntry, ERRORS, type ErrorCode } from '@sluice/runtime';
import { sinkErrorCodes } from '@sluice/sink-kit/installed';
import { UsageError } from '../../src/operator/usage-error.ts';
import { parseCommandLine } from '../../src/operator/command-line.ts';
import { OPTIONS, optionSpec, type OptionName } from '../../src/operator/options.ts';

const ROOT = join(import.meta.dirname, '../../../..');

const codes = [...(Object.keys(ERRORS) as ErrorCode[]), ...(await sinkErrorCodes())];
const places: readonly (readonly [string, string])[] = [
  ...codes.map((code): [string, string] => [`fix of ${code}`, errorEntry(code).fix]),
  ...[
    'README.md',
    'infra/README.md',
    ...globSync('{docs,docs/runbooks,packages/*,services/*}/*.md', { cwd: ROOT }),
  ]
    .filter((path) => path !== 'docs/errors.md')
    .map((path): [string, string] => [path, readFileSync(join(ROOT, path), 'utf8')]),
  ...globSync('{packages,services}/*/src/**/*.ts', { cwd: ROOT }).map((path): [string, string] => [
    path,
    readFileSync(join(ROOT, path), 'utf8'),
  ]),
];

/** Command lines of `sluice` inside of backticks, as they are written in prose. */
const commands = places.flatMap(([place, text]) =>
  [...text.matchAll(/`sluice ([a-z][^`]*)`/g)].map(([, line = '']): [string, string] => [line, place]),
);

test('pages and fixes name commands', () => expect(commands.length).toBeGreaterThan(20));

test.each(commands)('sluice %s exists (%s)', (line) => {
  const words = line
    .replace(/[^\w -]+.*/, '')
    .trim()
    .split(/\s+/);
  const verb = words.filter((_, at) => !words.slice(0, at + 1).some((word) => word.startsWith('--')));
  const options = [...line.matchAll(/--([\w-]+)/g)].flatMap(([, name = '']) => {
    const isFlag = Object.hasOwn(OPTIONS, name) && optionSpec(name as OptionName).value === undefined;
    return isFlag ? [`--${name}`] : [`--${name}`, 'x'];
  });
  try {
    expect(parseCommandLine([...verb, ...options], 0).kind).toBe('command');
  } catch (error) {
    if (error instanceof UsageError) expect.fail(error.message);
    throw error;
  }
});
