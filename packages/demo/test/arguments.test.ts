import { describe, expect, test } from 'vitest';
import { parseArguments, UsageError } from '../src/arguments.ts';

const RANDOM_SEED = 77;
const parse = (line: string): unknown => parseArguments(line === '' ? [] : line.split(' '), RANDOM_SEED);

describe('parseArguments', () => {
  test('no arguments: the demo with the random seed', () => {
    expect(parse('')).toEqual({ kind: 'demo', seed: RANDOM_SEED, source: 'mysql' });
  });

  test('a demo of a given seed and source', () => {
    expect(parse('--seed 0 --source mariadb')).toEqual({ kind: 'demo', seed: 0, source: 'mariadb' });
  });

  test('a check with its defaults and with all options', () => {
    expect(parse('--check')).toEqual({ kind: 'check', seed: RANDOM_SEED, source: 'mysql', changes: 20_000 });
    expect(parse('--check --seed 5 --changes 100 --source=mariadb')).toEqual({
      kind: 'check',
      seed: 5,
      source: 'mariadb',
      changes: 100,
    });
  });

  test('a configuration file, and help before anything else', () => {
    expect(parse('--config a/sluice.yaml')).toEqual({ kind: 'config', file: 'a/sluice.yaml' });
    expect(parse('--check -h')).toEqual({ kind: 'help' });
  });

  test.each([
    ['--chek', "Unknown option '--chek'"],
    ['now', "Unexpected argument 'now'"],
    ['--config', "Option '--config <value>' argument missing"],
    ['--config x --check', '--check does not go with --config'],
    ['--config x --seed 1', '--seed does not go with --config'],
    ['--changes 5', '--changes goes with --check only'],
    ['--check --changes 0', '--changes is "0", but must be a whole number from 1 to 100000000'],
    ['--seed 1.5', '--seed is "1.5", but must be a whole number from 0 to 2147483647'],
    ['--source oracle', '--source is "oracle", but must be mysql or mariadb'],
  ])('%s is refused in one line', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
    expect(messageOf(line)).not.toContain('\n');
  });
});

function messageOf(line: string): string {
  try {
    parse(line);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}
