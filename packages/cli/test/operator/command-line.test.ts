import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/arguments.ts';
import { parseCommandLine } from '../../src/operator/command-line.ts';
import { COMMANDS, usage } from '../../src/operator/commands-table.ts';
import { parseInstant } from '../../src/operator/instant.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const parse = (line: string) => parseCommandLine(line === '' ? [] : line.split(' '), NOW);

describe('a command line', () => {
  test('names a command; the output is a table unless it says otherwise', () => {
    expect(parse('dlq list --sink redis')).toMatchObject({ command: 'dlq list', output: 'table' });
    expect(parse('plan --json')).toMatchObject({ command: 'plan', output: 'json' });
    expect(parse('status --output json --config a.yaml')).toMatchObject({
      command: 'status',
      output: 'json',
      config: 'a.yaml',
    });
  });

  test('asks for help, or says nothing', () => {
    expect([parse(''), parse('--help'), parse('dlq list -h')]).toEqual([null, null, null]);
  });

  test.each([
    ['dlq replay --sink s', false],
    ['dlq replay --sink s --dry-run', false],
    ['dlq replay --sink s --yes', true],
    ['dlq replay --sink s --no-dry-run', true],
  ])('%s performs: %s', (line, performs) => {
    expect(parse(line)?.performs).toBe(performs);
  });

  test('gives options as what they are', () => {
    const values = parse('dlq replay --sink s --rate 10/s --since 2h --key {"id":1} --force')?.values;
    expect([values?.rate('rate'), values?.instant('since'), values?.text('key')]).toEqual([
      10,
      NOW - 7_200_000,
      '{"id":1}',
    ]);
    expect([values?.flag('force'), values?.flag('yes'), values?.text('table')]).toEqual([
      true,
      false,
      undefined,
    ]);
  });

  test.each([
    ['dlq', 'there is no command sluice dlq; known: sluice dlq list'],
    ['dig', 'there is no command sluice dig; see sluice --help'],
    ['dlq burn', 'there is no command sluice dlq burn'],
    ['dlq list --rate 5', '--rate does not go with sluice dlq list'],
    ['status --outptu json', "Unknown option '--outptu'"],
    ['status --output xml', '--output is "xml", but must be json or table'],
    ['dlq replay --dry-run --yes', '--dry-run and --yes contradict each other'],
  ])('%s is refused in one line', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });

  test.each([
    ['--rate x', (v: NonNullable<ReturnType<typeof parse>>['values']) => v.rate('rate')],
    ['--rate 0', (v: NonNullable<ReturnType<typeof parse>>['values']) => v.rate('rate')],
    ['--since soon', (v: NonNullable<ReturnType<typeof parse>>['values']) => v.instant('since')],
    ['--force', (v: NonNullable<ReturnType<typeof parse>>['values']) => v.needed('sink')],
  ])('a wrong value is refused when it is asked for: %s', (options, ask) => {
    const line = parse(`dlq replay ${options}`);
    expect(() => (line === null ? null : ask(line.values))).toThrow(UsageError);
  });
});

test.each([
  ['2026-11-21T09:05:34Z', '2026-11-21T09:05:34.000Z'],
  ['2026-11-21T09:05:34.5+02:00', '2026-11-21T07:05:34.500Z'],
  ['2026-11-21T09:05', '2026-11-21T09:05:00.000Z'],
  ['2026-11-21', '2026-11-21T00:00:00.000Z'],
  ['90s', '2026-11-21T11:58:30.000Z'],
  ['3d', '2026-11-18T12:00:00.000Z'],
])('the time %s is %s', (text, expected) => {
  expect(new Date(parseInstant(text, NOW) ?? 0).toISOString()).toBe(expected);
});

test.each(['', '5', 'now', '2026-13-01', '21.11.2026', '-5m'])('"%s" is no time', (text) => {
  expect(parseInstant(text, NOW)).toBeNull();
});

test('the help names every command', () => {
  for (const name of Object.keys(COMMANDS)) expect(usage()).toContain(`  ${name} `);
});
