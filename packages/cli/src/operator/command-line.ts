import type { Command as Parser } from 'commander';
import { commandTree, givenOptions } from './command-tree.ts';
import type { Command, CommandLine } from './command.ts';
import { COMMANDS } from './commands.ts';
import { OptionValues, type GivenOptions } from './option-values.ts';
import type { OutputFormat } from './screen.ts';
import { UsageError } from './usage-error.ts';

/** What a command line asks for. */
export type Wish =
  | { readonly kind: 'help'; readonly words: readonly string[] }
  | { readonly kind: 'version' }
  | { readonly kind: 'command'; readonly command: Command; readonly line: CommandLine };

const FORMATS: readonly OutputFormat[] = ['json', 'table'];

/** Throws UsageError. */
export function parseCommandLine(args: readonly string[], nowMs: number): Wish {
  let wish: Wish = { kind: 'help', words: [] };
  const tree = commandTree(COMMANDS, (words, command, parser) => {
    wish = wishOf(words, command, parser, nowMs);
  });
  tree.parse(args, { from: 'user' });
  return wish;
}

function wishOf(words: readonly string[], command: Command | null, parser: Parser, nowMs: number): Wish {
  const given = givenOptions(parser, command);
  if (given.get('version')?.at(-1) === true) return { kind: 'version' };
  if (given.get('help')?.at(-1) === true || words.length === 0) return { kind: 'help', words };
  if (command === null) throw noSuchCommand(words);
  const name = command.name.endsWith(' NAME') ? (words.at(-1) ?? '') : '';
  const operands = command.operands === undefined ? [] : words.slice(command.name.split(' ').length);
  return { kind: 'command', command, line: { ...lineOf(given, command, nowMs), name, operands } };
}

function lineOf(
  given: GivenOptions,
  { formats = [] }: Command,
  nowMs: number,
): Omit<CommandLine, 'name' | 'operands'> {
  const values = new OptionValues(given, nowMs);
  const output = values.text('output') ?? (values.flag('json') ? 'json' : 'table');
  const known = [...FORMATS, ...formats];
  const format = known.find((each) => each === output);
  if (format === undefined)
    throw new UsageError(
      `--output is "${output}", but must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`,
    );
  const isDry = given.get('dry-run')?.at(-1);
  if (isDry === true && values.flag('yes')) throw new UsageError('--dry-run and --yes contradict each other');
  return {
    output: format,
    config: values.text('config'),
    performs: isDry === false || values.flag('yes'),
    values,
  };
}

function noSuchCommand(words: readonly string[]): UsageError {
  const verbs = COMMANDS.filter(({ name }) => name.startsWith(`${words[0]} `));
  const hint = verbs.length === 0 ? '' : `; known: ${verbs.map(({ name }) => `sluice ${name}`).join(', ')}`;
  return new UsageError(`there is no command sluice ${words.join(' ')}${hint}`);
}
