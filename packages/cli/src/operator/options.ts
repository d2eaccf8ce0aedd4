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
      'lost-checkpoint, row-conditions or hash-key: start although it is missing or has changed (docs/errors.md); lost-checkpoint=N in a generation above N, which stores have',
  },
  sink: { value: 'S', meaning: 'name of the sink, as under `sinks` in the file' },
  id: {
    value: 'ID',
    meaning: 'a dead letter (<topic>-<partition>-<offset> of the failed record), job or alert',
  },
  table: {
    value: 'DB.TABLE',
    meaning: 'one table; snapshot start and plan take * and ? as wildcards',
  },
  key: { value: 'JSON', meaning: 'the key of one row, such as {"id":42}' },
  error: { value: 'CODE', meaning: 'an error code of docs/errors.md' },
  since: {
    value: 'TIME',
    meaning: 'not before this time: 2026-11-21T09:05:34Z, or an age: 90s, 15m, 2h, 3d',
  },
  until: { value: 'TIME', meaning: 'not after this time; same forms as --since' },
  all: { meaning: 'include resolved ones' },
  watch: { meaning: 'again every two seconds, until it is interrupted' },
  interval: { value: 'SECONDS', meaning: 'time between two looks (default 2)' },
  limit: { value: 'N', meaning: 'maximum number of entries' },
  'dry-run': {
    meaning: 'only show what would happen: the default of replay, discard, rewind, restore and load',
  },
  yes: { meaning: 'do it (also --no-dry-run)' },
  force: { meaning: 'replay dead letters that have failed five replays too' },
  rate: {
    value: 'N/s',
    meaning:
      'replay: maximum rate (default 50/s); load: transactions a second (default 100/s, at most 10000/s)',
  },
  database: { value: 'NAME', meaning: 'the marked database that is written to' },
  duration: { value: 'SECONDS', meaning: 'how long the load lasts (default 60, at most 3600)' },
  shape: {
    value: 'SHAPE',
    meaning: 'rows of a transaction: small (1 to 5), large (21 to 50), mixed (default)',
  },
  writers: { value: 'N', meaning: 'connections that write (default 8, at most 64)' },
  url: { value: 'URL', meaning: 'ops address of the service (default: its `ops` in the file)' },
  process: {
    value: 'NAME',
    meaning: 'one of several processes of the service, as sluice status names them under PROCESS',
  },
  'token-file': {
    value: 'FILE',
    meaning: 'file with the token for the services (default: SLUICE_OPS_TOKEN)',
  },
  'ca-file': { value: 'FILE', meaning: 'PEM file of the CA that signed the certificates of the services' },
  by: { value: 'NAME', meaning: 'recorded with the decision (default: user@host)' },
  reason: { value: 'TEXT', meaning: 'recorded with the decision' },
  to: {
    value: 'WHERE',
    meaning:
      'rewind: beginning, a TIME as of --since, or an offset with --topic and --partition; handover: a capture, as sluice capture leader names it; backup: a new folder; orphans: the new master, HOST:PORT (default: the source of the file); switchover: the new source, HOST:PORT',
  },
  from: {
    value: 'WHERE',
    meaning:
      'orphans: HOST:PORT of the old master, with the login of the source; source switchover: HOST:PORT of the old source, where capture does not tell it; restore: the folder of sluice backup; maintenance monthly: one to be tried in the place of a new one',
  },
  binlog: { value: 'FILE', meaning: 'a binlog file of an old master that is dead' },
  decide: {
    value: 'FILE',
    meaning: 'the conflicts that --output-file has listed, each with ours, theirs or skip as its decision',
  },
  user: {
    value: 'NAME',
    meaning:
      'orphans: who writes on the new master; load: who writes on the source; switchover: who sets servers read-only (default: the user of the source)',
  },
  'take-back': { meaning: 'undo a switchover that was interrupted' },
  wait: {
    value: 'SECONDS',
    meaning: 'how long each step may take (default 60); load: how long the pipeline may take to catch up',
  },
  'password-file': { value: 'FILE', meaning: 'file with the password of --user' },
  topic: { value: 'T', meaning: 'only this topic' },
  partition: { value: 'N', meaning: 'only this partition' },
  'accept-gap': { meaning: 'rewind although records were deleted before they were read' },
  file: { value: 'FILE', meaning: 'the file of keys (default: the one that the configuration names)' },
  condition: {
    value: 'WHERE',
    meaning: 'only rows that match, such as `id > 1000` (docs/tables.md, "Row conditions")',
  },
  sql: {
    value: 'SQL',
    meaning: 'only rows for which the SQL is true; needs the role admin and snapshot.allowSql',
  },
  where: {
    value: 'WHERE',
    meaning: 'only rows that match, such as `id > 1000` (docs/tables.md, "Row conditions")',
  },
  keys: {
    value: 'FROM..TO',
    meaning: 'only rows whose first key column lies there, both ends included; one may be left out',
  },
  sample: { value: 'N', meaning: 'about N rows of each table, others at each run' },
  'rows-per-second': {
    value: 'N',
    meaning:
      'rows read from the source in a second, at most (compare: 10000 by default; snapshot: 0 for no limit)',
  },
  continuous: {
    meaning: 'round after round until it is interrupted, with metrics (1000 rows in a second by default)',
  },
  listen: {
    value: 'HOST:PORT',
    meaning: 'where /metrics answers with --continuous (default: `auditor.ops` in the file, 127.0.0.1:9094)',
  },
  offline: { meaning: 'ask neither Kafka nor any service: no pipeline runs' },
  'output-file': {
    value: 'FILE',
    meaning:
      'write the report there as JSON, or NDJSON with --output ndjson (orphans dump: envelopes, reapply: conflicts, a line each): it holds row values',
  },
  resume: {
    meaning:
      'go on where the comparison with this --output-file was when it was killed, interrupted or lost a server',
  },
  report: { value: 'FILE', meaning: 'a report that sluice compare has written by --output-file' },
  skip: {
    value: 'AREA',
    meaning: 'leave out what the report names so, such as capacity',
  },
  prometheus: {
    value: 'URL',
    meaning: 'a Prometheus that knows the pipeline, such as http://prometheus:9090',
  },
  'prometheus-login-file': {
    value: 'FILE',
    meaning: 'file with USER:PASSWORD, or a token, for a Prometheus that asks for one',
  },
  apply: { meaning: 'do it: write into the stores, or Kafka; without it the command says what it would do' },
  undo: {
    value: 'FILE',
    meaning: 'a new file, in which is kept what the stores held: needed with --apply',
  },
  'undo-from': { value: 'FILE', meaning: 'put back what this undo file has kept' },
  stage: { value: 'canary=SINK', meaning: 'repair this sink first, then ask --gate' },
  gate: {
    value: 'COMMAND',
    meaning: 'when it ends with 0 the sinks of --next follow, else the first is put back as it was',
  },
  next: { value: 'SINK', meaning: 'a sink that is repaired when the gate has passed' },
  'sql-file': {
    value: 'FILE',
    meaning:
      'write there, for each store, what its own tool would have to be given, and change nothing (orphans: SQL for the server)',
  },
  keep: {
    value: 'TIME',
    meaning: 'how long what was replaced is kept: 90s, 15m, 24h (default), 3d, or 0',
  },
  cancel: { meaning: 'take away what the rebuild has filled; the old places stay as they are' },
  'remove-kept': { meaning: 'remove what the last rebuild has replaced before its time' },
  reconcile: { meaning: 'at the end, sinks delete rows of the table that the source no longer has' },
  output: {
    value: 'FORMAT',
    meaning: 'table (default) or json, of compare also ndjson; --json is the same as --output json',
  },
  json: { meaning: 'the same as --output json' },
  config: { value: 'FILE', meaning: 'default: SLUICE_CONFIG, then sluice.yaml' },
  help: { meaning: 'show the help of the command' },
  version: { meaning: 'show the versions of Sluice and Node.js' },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof OPTIONS;

/** Of all commands, and written before or behind their names. */
export const COMMON_OPTIONS = ['output', 'json', 'config', 'help', 'version'] as const;

/** Of commands that ask one service; those that ask several take no `url`. */
export const SERVICE_OPTIONS = ['url', 'token-file', 'ca-file'] as const;

/** What `dlq` commands choose dead letters by. */
export const LETTER_FILTERS = ['id', 'table', 'key', 'error', 'since', 'until'] as const;

export const optionSpec = (name: OptionName): OptionSpec => OPTIONS[name];
