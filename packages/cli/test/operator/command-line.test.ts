import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/operator/usage-error.ts';
import { parseCommandLine } from '../../src/operator/command-line.ts';
import { COMMANDS } from '../../src/operator/commands.ts';
import { helpFor } from '../../src/operator/help.ts';
import { parseInstant } from '../../src/operator/instant.ts';
import { COMMON_OPTIONS, OPTIONS } from '../../src/operator/options.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const wish = (line: string) => parseCommandLine(line === '' ? [] : line.split(' '), NOW);
function parse(text: string) {
  const parsed = wish(text);
  return parsed.kind === 'command' ? { ...parsed.line, command: parsed.command.name } : null;
}

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
    expect(wish('')).toEqual({ kind: 'help', words: [] });
    expect(wish('--help')).toEqual({ kind: 'help', words: [] });
    expect(wish('dlq list -h')).toEqual({ kind: 'help', words: ['dlq', 'list'] });
    expect(wish('--version')).toEqual({ kind: 'version' });
  });

  test('starts a service', () => {
    const line = parse('capture --accept lost-checkpoint --accept row-conditions --config a.yaml');
    expect([line?.command, line?.config, line?.values.texts('accept')]).toEqual([
      'capture',
      'a.yaml',
      ['lost-checkpoint', 'row-conditions'],
    ]);
    expect(parse('sink redis')).toMatchObject({ command: 'sink NAME', name: 'redis' });
    expect(parse('sink rewind --sink redis')).toMatchObject({ command: 'sink rewind', name: '' });
  });

  test('has the options of all commands on either side of its name', () => {
    expect(parse('--config a.yaml --json status')).toMatchObject({ command: 'status', output: 'json' });
    expect(parse('dlq --config a.yaml show --sink s')).toMatchObject({
      command: 'dlq show',
      config: 'a.yaml',
    });
    expect(wish('dlq --help')).toEqual({ kind: 'help', words: ['dlq'] });
    expect(wish('sink redis -h')).toEqual({ kind: 'help', words: ['sink', 'redis'] });
    expect(wish('dlq list --version')).toEqual({ kind: 'version' });
  });

  test('takes every one of an option that may be given several times', () => {
    expect(parse('snapshot start --table a.b --table=c.d')?.values.texts('table')).toEqual(['a.b', 'c.d']);
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

  test.each<[string, string | RegExp]>([
    ['dlq', 'there is no command sluice dlq; known: sluice dlq list'],
    ['dig', /^there is no command sluice dig$/],
    ['dlq burn', 'there is no command sluice dlq burn'],
    ['dlq list --rate 5', 'sluice dlq list has no option --rate'],
    ['status --outptu json', "Unknown option '--outptu'"],
    ['status --output xml', '--output is "xml", but must be json or table'],
    ['dlq list --sink a --sink b', '--sink may be given only once'],
    ['capture --config a --config b', '--config may be given only once'],
    ['capture --accept', "Option '--accept <value>' argument missing"],
    ['dlq replay --dry-run --yes', '--dry-run and --yes contradict each other'],
    ['status --outptu json', 'Did you mean --output?'],
    ['status --json --ouput json', 'Did you mean --output?'],
    ['dlq discard --sink --yes', '--sink needs a value, but --yes follows'],
    ['dlq replay --yes=true', "Unknown option '--yes=true'"],
    ['--sink redis dlq list', '--sink must follow the command it belongs to'],
    ['status now', 'there is no command sluice status now'],
    ['sink', 'there is no command sluice sink; known: sluice sink NAME, sluice sink rewind'],
    ['sink redis mysql', 'there is no command sluice sink redis mysql'],
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

test('the help names every command, and that of a command every option that it takes', () => {
  for (const { name, options } of COMMANDS) {
    expect(helpFor([])).toContain(`  ${name} `);
    const words = name.split(' ');
    for (const option of options)
      expect(helpFor(words)).toMatch(new RegExp(`^  --${option}( [A-Z][A-Z./a-z]*)? +\\S.*$`, 'm'));
  }
});

test('the help of a noun names its commands; of a word that is none, all', () => {
  expect(helpFor(['ddl'])).toContain('  ddl alerts ');
  expect(helpFor(['ddl'])).not.toContain('  dlq list ');
  expect(helpFor(['nonsense'])).toEqual(helpFor([]));
  expect(helpFor(['plan'])).toContain('sluice plan: ');
});

test('every option belongs to a command', () => {
  const used = new Set<string>([...COMMON_OPTIONS, ...COMMANDS.flatMap(({ options }) => [...options])]);
  expect(Object.keys(OPTIONS).filter((name) => !used.has(name))).toEqual([]);
});
