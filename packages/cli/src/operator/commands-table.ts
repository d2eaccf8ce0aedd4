/** Every option of every command, in the words of `node:util`'s parseArgs. */
export const OPTIONS = {
  output: { type: 'string' },
  json: { type: 'boolean' },
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  accept: { type: 'string' },
  sink: { type: 'string' },
  id: { type: 'string' },
  table: { type: 'string' },
  key: { type: 'string' },
  error: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  all: { type: 'boolean' },
  limit: { type: 'string' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean' },
  force: { type: 'boolean' },
  rate: { type: 'string' },
  url: { type: 'string' },
  by: { type: 'string' },
  reason: { type: 'string' },
  to: { type: 'string' },
  topic: { type: 'string' },
  partition: { type: 'string' },
  'accept-gap': { type: 'boolean' },
  condition: { type: 'string' },
  reconcile: { type: 'boolean' },
} as const;

export type OptionName = keyof typeof OPTIONS;

export interface CommandSpec {
  readonly options: readonly OptionName[];
  /** Options that may be given several times, and then all count; any other is refused at the second time. */
  readonly several?: readonly OptionName[];
  readonly help: string;
}

const FILTERS = ['id', 'table', 'key', 'error', 'since', 'until'] as const;
const DRY = ['dry-run', 'yes'] as const;

/** What there is: the options beside `--output` and `--config`, and the line of the help. */
export const COMMANDS = {
  capture: {
    options: ['accept'],
    several: ['accept'],
    help: 'run capture until it is stopped: the source’s changes to Kafka',
  },
  'sink NAME': {
    options: [],
    help: 'run a sink until it is stopped, such as `sluice sink redis`: from Kafka to its store',
  },
  'config validate': {
    options: [],
    help: 'every problem of the configuration file, the sinks’ sections included',
  },
  plan: {
    options: ['table'],
    several: ['table'],
    help: 'what capture would do: topics, keys, columns, what sinks would make of them; changes nothing',
  },
  status: { options: [], help: 'every service of the pipeline: ready, behind, dead letters, last error' },
  'snapshot list': {
    options: ['url'],
    help: 'the snapshot jobs of capture: state, rows, share, speed, time left',
  },
  'snapshot start': {
    options: ['table', 'condition', 'reconcile', 'url', 'by'],
    several: ['table'],
    help: 'read rows of captured tables once more, while the stream goes on',
  },
  'snapshot pause': { options: ['id', 'url', 'by'], help: 'let a snapshot job stand at its last chunk' },
  'snapshot resume': { options: ['id', 'url', 'by'], help: 'go on with a job that is paused or has failed' },
  'snapshot cancel': { options: ['id', 'url', 'by'], help: 'end a snapshot job for good' },
  'dlq list': {
    options: ['sink', ...FILTERS, 'all', 'limit'],
    help: 'dead letters that nobody has resolved (--all: also the resolved)',
  },
  'dlq show': { options: ['sink', 'id'], help: 'one dead letter: its headers, key and value' },
  'dlq replay': {
    options: ['sink', ...FILTERS, ...DRY, 'force', 'rate', 'url', 'by'],
    help: 'give dead letters to the sink once more; what is older than the row there is stale',
  },
  'dlq discard': {
    options: ['sink', ...FILTERS, ...DRY, 'by', 'reason'],
    help: 'resolve dead letters without applying them',
  },
  'dlq release': {
    options: ['sink', 'id', 'by', 'reason'],
    help: 'let the record that holds up a strict table become a dead letter',
  },
  'dlq accept': {
    options: ['sink', 'by', 'reason'],
    help: 'answer DIVERSION_HALTED: the sink may start again',
  },
  'sink rewind': {
    options: ['sink', 'to', 'topic', 'partition', ...DRY, 'accept-gap', 'by'],
    help: 'read records once more; the sink must be stopped',
  },
  'ddl alerts': {
    options: ['table', 'limit', 'url'],
    help: 'changes of captured tables that somebody has to look at, and what to do',
  },
  'ddl history': {
    options: ['table', 'limit', 'url'],
    help: 'statements that changed captured tables, newest first',
  },
  'ddl clear': {
    options: ['id', 'table', 'url', 'by', 'reason'],
    help: 'clear alerts: one by --id, those of a --table, or all',
  },
  'table resume': {
    options: ['table', 'sink', 'by', 'reason'],
    help: 'let a table go on that capture has stopped or that waits in sinks (`ddl: … pause-table`)',
  },
} as const satisfies Record<string, CommandSpec>;

export type CommandName = keyof typeof COMMANDS;

export const specOf = (command: CommandName): CommandSpec => COMMANDS[command];
