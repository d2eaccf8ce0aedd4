export interface OptionSpec {
  /** How its value is called in the help; one without is on or off. */
  readonly value?: string;
  readonly meaning: string;
}

/** Every option of every command; a command names those that it takes. */
export const OPTIONS = {
  accept: {
    value: 'WHAT',
    meaning:
      'lost-checkpoint, row-conditions or hash-key: start although that is missing or has changed (docs/errors.md)',
  },
  sink: { value: 'S', meaning: 'the sink, as its section is called under `sinks`' },
  id: {
    value: 'ID',
    meaning: 'one dead letter (<topic>-<partition>-<offset> of the record that failed), job or alert',
  },
  table: {
    value: 'DB.TABLE',
    meaning: 'one table; * and ? are wildcards where rows are read or planned',
  },
  key: { value: 'JSON', meaning: 'the key of one row, such as {"id":42}' },
  error: { value: 'CODE', meaning: 'an error code of docs/errors.md' },
  since: { value: 'TIME', meaning: 'not before: 2026-11-21T09:05:34Z, or how long ago: 90s, 15m, 2h, 3d' },
  until: { value: 'TIME', meaning: 'not after; as --since' },
  all: { meaning: 'also what is resolved' },
  limit: { value: 'N', meaning: 'at most so many' },
  'dry-run': { meaning: 'only say what would happen: the default of replay, discard and rewind' },
  yes: { meaning: 'do it (also --no-dry-run)' },
  force: { meaning: 'replay what was replayed in vain five times already' },
  rate: { value: 'N/s', meaning: 'replay at most so many a second (default 50/s)' },
  url: { value: 'URL', meaning: 'ops address of the service (default: its `ops` in the file)' },
  'token-file': {
    value: 'FILE',
    meaning: 'the token that services ask for (default: SLUICE_OPS_TOKEN)',
  },
  'ca-file': { value: 'FILE', meaning: 'PEM file of the authority of the services’ certificates' },
  by: { value: 'NAME', meaning: 'kept with the decision (default: user@host)' },
  reason: { value: 'TEXT', meaning: 'kept with the decision' },
  to: {
    value: 'WHERE',
    meaning: 'beginning, a TIME as of --since, or an offset with --topic and --partition',
  },
  topic: { value: 'T', meaning: 'only this topic' },
  partition: { value: 'N', meaning: 'only this partition' },
  'accept-gap': { meaning: 'rewind over records that were deleted unread' },
  file: { value: 'FILE', meaning: 'the file of keys (default: capture.hashKeyFile)' },
  condition: {
    value: 'WHERE',
    meaning: 'only rows that fulfil it, such as `id > 1000` (docs/tables.md, "Row conditions")',
  },
  sql: {
    value: 'SQL',
    meaning: 'only rows for which it is true; takes the role admin and snapshot.allowSql',
  },
  reconcile: { meaning: 'at the end, sinks drop rows of the table that the source no longer has' },
  output: {
    value: 'FORMAT',
    meaning: 'table (default) or json; --json is the same as --output json',
  },
  json: { meaning: 'the same as --output json' },
  config: { value: 'FILE', meaning: 'default: SLUICE_CONFIG, then sluice.yaml' },
  help: { meaning: 'everything about the command' },
  version: { meaning: 'of Sluice and Node.js' },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof OPTIONS;

/** Of all commands, and written before or behind their names. */
export const COMMON_OPTIONS = ['output', 'json', 'config', 'help', 'version'] as const;

/** Of commands that ask one service; those that ask several take no `url`. */
export const SERVICE_OPTIONS = ['url', 'token-file', 'ca-file'] as const;

/** What `dlq` commands choose dead letters by. */
export const LETTER_FILTERS = ['id', 'table', 'key', 'error', 'since', 'until'] as const;

export const optionSpec = (name: OptionName): OptionSpec => OPTIONS[name];
