import { Help } from 'commander';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { optionSpec, type OptionName } from './options.ts';

const RUNS = 'exit codes: 0 stopped, 1 start it again, 2 wrong use, 64 configuration, 69 preflight, 70 fatal';
const ASKS = 'exit codes: 0 done, 1 not done or not all of it, 2 wrong use or configuration';
const WIDTH = 80;

/**
 * All commands, those that begin with `words`, or everything about the one that they name.
 * @param width columns of the terminal
 */
export function helpFor(words: readonly string[], width = WIDTH): string {
  const help = new Help();
  help.helpWidth = width;
  const some = COMMANDS.filter(({ name }) => words.length === 0 || name.split(' ')[0] === words[0]);
  const named = COMMANDS.find(({ name }) => name === words.join(' ')) ?? (some.length === 1 ? some[0] : null);
  if (named !== undefined && named !== null) return commandHelp(named, help);
  return overview(some.length === 0 ? COMMANDS : some, help);
}

function overview(commands: readonly Command[], help: Help): string {
  return `sluice <command> [options]

${table(
  commands.map((command) => [command.name, command.help]),
  help,
)}

sluice <command> --help says everything about one; sluice --version
`;
}

function commandHelp(command: Command, help: Help): string {
  const runs = 'start' in command;
  const names: readonly OptionName[] = [...command.options, ...(runs ? [] : ['output' as const]), 'config'];
  const rows = names.map((name): [string, string] => {
    const { value, meaning } = optionSpec(name);
    const form = value === undefined ? `--${name}` : `--${name} ${value}`;
    return [form, command.several?.includes(name) === true ? `${meaning}; several times` : meaning];
  });
  const name = [command.name, ...(command.operands === undefined ? [] : [`[${command.operands}]`])].join(' ');
  return `${help.boxWrap(`sluice ${name}: ${command.help}`, help.helpWidth ?? WIDTH)}

${table(rows, help)}

${help.boxWrap([runs ? RUNS : ASKS, ...(command.exits === undefined ? [] : [command.exits])].join(', '), help.helpWidth ?? WIDTH)}
`;
}

function table(rows: readonly (readonly [string, string])[], help: Help): string {
  const width = Math.max(...rows.map(([term]) => term.length));
  return rows.map(([term, meaning]) => help.formatItem(term, width, meaning, help)).join('\n');
}
