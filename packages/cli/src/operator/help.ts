import { COMMANDS, specOf, type CommandName, type OptionName } from './commands-table.ts';

/** How an option is written, and what it means. */
const MEANINGS: Readonly<Partial<Record<OptionName, readonly [form: string, meaning: string]>>> = {
  accept: [
    '--accept WHAT',
    'lost-checkpoint or row-conditions: start although that is missing or has changed (docs/errors.md)',
  ],
  sink: ['--sink S', 'the sink, as its section is called under `sinks`'],
  id: ['--id ID', 'one dead letter (<topic>-<partition>-<offset> of the record that failed), job or alert'],
  table: ['--table DB.TABLE', 'one table; * and ? are wildcards where rows are read or planned'],
  key: ['--key JSON', 'the key of one row, such as {"id":42}'],
  error: ['--error CODE', 'an error code of docs/errors.md'],
  since: ['--since TIME', 'not before: 2026-11-21T09:05:34Z, or how long ago: 90s, 15m, 2h, 3d'],
  until: ['--until TIME', 'not after; as --since'],
  all: ['--all', 'also what is resolved'],
  limit: ['--limit N', 'at most so many'],
  'dry-run': ['--dry-run', 'only say what would happen: the default of replay, discard and rewind'],
  yes: ['--yes', 'do it (also --no-dry-run)'],
  force: ['--force', 'replay what was replayed in vain five times already'],
  rate: ['--rate N/s', 'replay at most so many a second (default 50/s)'],
  url: ['--url URL', 'ops address of the service (default: its `ops` in the file)'],
  by: ['--by NAME', 'kept with the decision (default: user@host)'],
  reason: ['--reason TEXT', 'kept with the decision'],
  to: ['--to WHERE', 'beginning, a TIME as of --since, or an offset with --topic and --partition'],
  topic: ['--topic T', 'only this topic'],
  partition: ['--partition N', 'only this partition'],
  'accept-gap': ['--accept-gap', 'rewind over records that were deleted unread'],
  condition: ['--condition SQL', 'only rows that fulfil it, such as `id > 1000`'],
  reconcile: ['--reconcile', 'at the end, sinks drop rows of the table that the source no longer has'],
  output: ['--output FORMAT', 'table (default) or json; --json is the same as --output json'],
  config: ['--config FILE', 'default: SLUICE_CONFIG, then sluice.yaml'],
};

const COMMAND_WIDTH = 18;
const OPTION_WIDTH = 20;

const RUNS = 'exit codes: 0 stopped, 1 start it again, 2 wrong use, 64 configuration, 69 preflight, 70 fatal';
const ASKS = 'exit codes: 0 done, 1 not done or not all of it, 2 wrong use or configuration';
const SERVICES: ReadonlySet<string> = new Set(['capture', 'sink NAME']);

/** All commands, those that begin with `words`, or everything about the one that they name. */
export function helpFor(words: readonly string[]): string {
  const named = words.join(' ');
  if (Object.hasOwn(COMMANDS, named)) return commandHelp(named as CommandName);
  const some = namesOf().filter((name) => words.length === 0 || name.split(' ')[0] === words[0]);
  const [only] = some;
  if (some.length === 1 && only !== undefined) return commandHelp(only);
  return some.length === 0 ? helpFor([]) : overview(some);
}

function overview(commands: readonly CommandName[]): string {
  const lines = commands.map((name) => `  ${name.padEnd(COMMAND_WIDTH)}${COMMANDS[name].help}`);
  return `sluice <command> [options]

${lines.join('\n')}

sluice <command> --help says everything about one; sluice --version
`;
}

function commandHelp(command: CommandName): string {
  const { options, several = [], help } = specOf(command);
  const common: readonly OptionName[] = SERVICES.has(command) ? ['config'] : ['output', 'config'];
  const lines = [...options, ...common].map((name) => {
    const [form = `--${name}`, meaning = ''] = MEANINGS[name] ?? [];
    const times = several.includes(name) ? '; several times' : '';
    return `  ${form.padEnd(OPTION_WIDTH)}${meaning}${times}`;
  });
  return `sluice ${command}: ${help}

${lines.join('\n')}

${SERVICES.has(command) ? RUNS : ASKS}
`;
}

const namesOf = (): CommandName[] => Object.keys(COMMANDS) as CommandName[];
