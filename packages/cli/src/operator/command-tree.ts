import { Command as Parser, Option, type CommanderError } from 'commander';
import type { Command } from './command.ts';
import type { GivenOptions } from './option-values.ts';
import { COMMON_OPTIONS, OPTIONS, optionSpec, type OptionName } from './options.ts';
import { UsageError } from './usage-error.ts';

/** Gets the words of a line that are no options, and the command that they name: null when there is none. */
type Found = (words: readonly string[], command: Command | null, parser: Parser) => void;

/** The commands as commander parses them: a parser per noun, and per verb below it. It throws UsageError. */
export function commandTree(commands: readonly Command[], found: Found): Parser {
  const root = new Parser('sluice')
    .helpOption(false)
    .helpCommand(false)
    .allowExcessArguments()
    .configureOutput({ writeErr: () => undefined });
  for (const name of COMMON_OPTIONS) addOption(root, name, false);
  const nodeOf = (parent: Parser, name: string): Parser =>
    parent.commands.find((node) => node.name() === name) ?? branch(parent, name, found);
  takeLines(root, [], null, found);
  for (const command of commands) {
    const [noun = '', verb = ''] = command.name.split(' ');
    const takesName = verb === 'NAME';
    const node = verb === '' || takesName ? nodeOf(root, noun) : nodeOf(nodeOf(root, noun), verb);
    for (const name of command.options) addOption(node, name, command.several?.includes(name) === true);
    takeLines(node, command.name.split(' ').slice(0, takesName ? 1 : 2), command, found);
  }
  return root;
}

/** A noun that is no command itself, until one of its name is declared. */
function branch(parent: Parser, name: string, found: Found): Parser {
  const node = parent.command(name);
  takeLines(node, [name], null, found);
  return node;
}

function takeLines(node: Parser, words: readonly string[], command: Command | null, found: Found): void {
  const rest = command?.name.endsWith(' NAME') === true ? 1 : 0;
  const isRight = (): boolean => command?.operands !== undefined || node.args.length === rest;
  node.action(() => found([...words, ...node.args], isRight() ? command : null, node));
  node.exitOverride((error) => {
    throw usageErrorOf(error, command);
  });
}

function addOption(node: Parser, name: OptionName, isSeveral: boolean): void {
  const { value } = optionSpec(name);
  const short = name === 'help' ? '-h, ' : '';
  if (value === undefined) {
    node.addOption(new Option(`${short}--${name}`));
    node.addOption(new Option(`--no-${name}`).hideHelp());
    return;
  }
  node.addOption(
    new Option(`--${name} <${value}>`).argParser<readonly string[] | undefined>((text, before = []) => {
      // The next word of the line, whatever it is: as a value it would be lost without a word.
      if (/^--[a-z]/.test(text)) throw new UsageError(`--${name} needs a value, but ${text} follows`);
      if (before.length > 0 && !isSeveral) throw new UsageError(`--${name} may be given only once`);
      return [...before, text];
    }),
  );
}

/** What stands in a line of this command, by the names of the options. */
export function givenOptions(parser: Parser, command: Command | null): GivenOptions {
  const values = parser.optsWithGlobals<Readonly<Record<string, boolean | readonly string[] | undefined>>>();
  const names: readonly OptionName[] = [...COMMON_OPTIONS, ...(command?.options ?? [])];
  return new Map(
    names.flatMap((name) => {
      const value = values[new Option(`--${name}`).attributeName()];
      if (value === undefined) return [];
      return [[name, typeof value === 'boolean' ? [value] : value] as const];
    }),
  );
}

/** Commander's errors have a code and a text; the option stands in the text only. */
function usageErrorOf({ code, message }: CommanderError, command: Command | null): UsageError {
  const flag = /'(--?[^\s']+)/.exec(message)?.[1] ?? '';
  if (code === 'commander.optionMissingArgument')
    return new UsageError(`Option '${flag} <value>' argument missing`);
  if (code !== 'commander.unknownOption') return new UsageError(message.replace(/^error: /, ''));
  if (Object.hasOwn(OPTIONS, flag.replace(/^--(no-)?/, '')))
    return new UsageError(
      command === null
        ? `${flag} must follow the command it belongs to`
        : `sluice ${command.name} has no option ${flag}`,
    );
  const close = /\((Did you mean [^)]+\?)\)/.exec(message)?.[1];
  return new UsageError(`Unknown option '${flag}'${close === undefined ? '' : `. ${close}`}`);
}
