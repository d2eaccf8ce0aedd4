/**
 * What an operator must do about an error decides its class (design: section 6):
 * `retryable` — the other side did not answer: try again, for ever;
 * `record` — this one record cannot be applied: isolate it, dead-letter it, go on;
 * `schema` — the table's shape is not known on the other side: pause that table;
 * `fatal` — configuration, authentication, divergence: stop and say "fix me".
 */
export type ErrorClass = 'retryable' | 'record' | 'schema' | 'fatal';

export interface ErrorEntry {
  readonly class: ErrorClass;
  readonly summary: string;
  readonly fix: string;
  /** Only where a process that ends by this error must not exit with its class's own code (`exit.ts`). */
  readonly exit?: 'configuration' | 'preflight';
  /**
   * Only of a store's errors for which sinks have a rule of their own. `login`: user or password are wrong. `no-table`: the store
   * has no such table, or not all of it. `no-shape`: it does not take the table as it is defined.
   */
  readonly means?: 'login' | 'no-table' | 'no-shape';
}

/** The error codes of all services; those of one sink stand in its own folder. `docs/errors.md` is generated. Keep it sorted by code. */
export const ERRORS = {
  BINLOG_EVENT_MISSING: {
    class: 'retryable',
    summary: 'the source did not send an event that stands in its binlog',
    fix: 'Capture reads on from its checkpoint, by itself: nothing was published without the event. If it comes again and again, report it with the message, which names the file and the place.',
  },
  BINLOG_METADATA_NOT_FULL: {
    class: 'fatal',
    summary: 'a row was written to the binlog without column names and types',
    fix: "Run on the source: SET GLOBAL binlog_row_metadata = 'FULL'; Then start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.",
  },
  BINLOG_ROW_IMAGE_NOT_FULL: {
    class: 'fatal',
    summary: 'a row was written to the binlog without all of its columns',
    fix: "Run on the source: SET GLOBAL binlog_row_image = 'FULL'; and let no session set it to anything else. Then start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.",
  },
  BINLOG_UNREADABLE: {
    class: 'fatal',
    summary: 'an event of the binlog cannot be decoded without doubt',
    fix: 'Nothing after it was published. The message names the event: please report it with that part of the binlog. To go on without what it holds, start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.',
  },
  BREAKER_OPEN: {
    class: 'retryable',
    summary: 'a sink leaves its store alone for a while, because it did not answer',
    fix: 'Try again when the store answers; `/status` of the sink shows the breaker.',
  },
  CAPTURE_NOT_STREAMING: {
    class: 'retryable',
    summary: 'capture is not connected to its source just now',
    fix: 'Try again when `/readyz` of capture says yes; its `/status` shows the last error.',
  },
  CHECKPOINT_CORRUPT: {
    class: 'fatal',
    summary: 'the newest checkpoint cannot be trusted',
    fix: 'Restore the checkpoint topic, or start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.',
  },
  CHECKPOINT_MISSING: {
    class: 'fatal',
    summary: 'there are data topics of this pipeline but no checkpoint',
    fix: 'Restore the checkpoint topic, or start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.',
  },
  COLUMN_TYPE_UNKNOWN: {
    class: 'fatal',
    summary:
      'nothing tells what a column in a change of a MariaDB table is: its name is that of another column now, or it was in the key',
    fix: 'Give the table a column of that name and type again until capture has passed the change, or name the table under `source.excludeTables`.',
  },
  CONFIG_CHANGED: {
    class: 'fatal',
    summary: 'a changed setting would make what sinks hold wrong',
    fix: 'Look at `sluice plan`. Start capture by `sluice capture --accept row-conditions`: it reads the tables anew, and sinks drop what is no longer published. Or set the old condition again. For a key of hashed columns that is gone, the message names the command.',
    exit: 'configuration',
  },
  CONFIG_INVALID: {
    class: 'fatal',
    summary: 'sluice.yaml has a wrong, missing or unknown setting',
    fix: 'Correct each setting named in the message.',
    exit: 'configuration',
  },
  CONSUMER_DIED: {
    class: 'retryable',
    summary: 'the Kafka consumer of a sink ended by itself',
    fix: 'Nothing is lost: the supervisor starts the process again. If it repeats, look at the cause in the log and at the brokers.',
  },
  DATA_GAP: {
    class: 'fatal',
    summary: 'records that a sink has not read were deleted from a topic',
    fix: 'Run `sluice snapshot start --table DATABASE.TABLE --reconcile` for each table of the topic, and, while the sink is stopped, `sluice sink rewind --sink SINK --to beginning --accept-gap --yes`. Then start the sink: until the snapshot has ended, its `/status` names the table as incomplete.',
  },
  DECISIONS_CORRUPT: {
    class: 'fatal',
    summary: 'a record of a sink’s decisions topic cannot be read',
    fix: 'Something else than Sluice wrote to the topic named in the message, or a newer version did: run that version, or write a null value for the key named in the message.',
  },
  DIVERSION_HALTED: {
    class: 'fatal',
    summary:
      'a sink would send so many records to its dead-letter topic that something else than the records must be wrong',
    fix: 'Look at the dead letters (`sluice dlq list --sink SINK`) and mend their cause; then run `sluice dlq accept --sink SINK`, or change the settings of the sink, and start it.',
  },
  GROUP_ACTIVE: {
    class: 'fatal',
    summary: 'a sink has to be stopped for this, but its consumer group has members',
    fix: 'Stop every process of the sink and try again. One that was killed counts as a member until its session ends (45 s).',
  },
  KAFKA_AUTH_FAILED: {
    class: 'fatal',
    summary: 'Kafka refused the user name, the password or the SASL mechanism',
    fix: 'Correct `kafka.sasl` (mechanism, username, password); the broker log names the reason.',
  },
  KAFKA_FENCED: {
    class: 'fatal',
    summary: 'another process began transactions with the same transactional id and took over',
    fix: 'Run one capture service per pipeline; if the other one is meant to run, nothing is to be done.',
  },
  KAFKA_MESSAGE_TOO_LARGE: {
    class: 'fatal',
    summary: "a record batch is larger than the topic's max.message.bytes",
    fix: 'Raise `topics.maxMessageBytes` and start capture again: it raises the max.message.bytes of the topics.',
  },
  KAFKA_NOT_AUTHORIZED: {
    class: 'fatal',
    summary: "Kafka's access rules do not allow an operation",
    fix: 'Grant the user of `kafka.sasl` the operation on the topic, group or transactional id named in the message.',
  },
  KAFKA_PROTOCOL: {
    class: 'retryable',
    summary: 'Kafka answered with an error that Sluice has no rule for',
    fix: 'Look up the error code in the Kafka documentation and the broker log; please report it.',
  },
  KAFKA_REFUSED: {
    class: 'fatal',
    summary: 'Kafka refused a record batch, a topic setting or a request as invalid',
    fix: 'Compare the settings of the topic or broker named in the message with those that Sluice asks for.',
  },
  KAFKA_TLS_FAILED: {
    class: 'fatal',
    summary: 'no TLS connection to Kafka can be agreed upon',
    fix: 'Correct `kafka.tls`: the CA file, the client certificate, or whether the listener speaks TLS at all.',
  },
  KAFKA_TOPIC_MISSING: {
    class: 'retryable',
    summary: 'a topic or one of its partitions does not exist',
    fix: 'Was it deleted? Capture makes it again within seconds, and reads its tables once more.',
  },
  KAFKA_TRANSACTION_ABORTED: {
    class: 'retryable',
    summary: 'Kafka ended an open transaction without committing it',
    fix: 'Nothing is lost: publishing starts again from the last checkpoint. If it repeats, look for broker outages longer than the transaction timeout.',
  },
  KAFKA_TRANSACTION_IN_DOUBT: {
    class: 'retryable',
    summary: 'it is unknown whether a transaction was committed',
    fix: 'Nothing is lost: the checkpoint topic, read again after fencing, tells.',
  },
  KAFKA_TRANSACTION_OPEN: {
    class: 'retryable',
    summary: 'a sink waits for what a transaction of capture has written, and it does not end',
    fix: 'Is capture halted, or did it end without a word? Kafka aborts its transaction within a minute, or when capture starts again, and the sink goes on. If it repeats, `kafka-transactions.sh find-hanging` names it.',
  },
  KAFKA_UNREACHABLE: {
    class: 'retryable',
    summary: 'no Kafka broker answers, or a partition has no leader',
    fix: 'Check `kafka.brokers`, the network, and that the brokers run and advertise addresses reachable from here.',
  },
  KAFKA_UNSUPPORTED: {
    class: 'fatal',
    summary: 'the Kafka brokers do not know a request that Sluice needs',
    fix: 'Use Kafka 3.0 or later.',
  },
  MYSQL_AUTH_FAILED: {
    class: 'fatal',
    means: 'login',
    summary: 'a MySQL or MariaDB server refused the user, the password or this host',
    fix: 'Correct `user` and `password` of the server named in the message, or unlock the account.',
  },
  MYSQL_BUSY: {
    class: 'retryable',
    summary:
      'a MySQL or MariaDB server gave up a statement: deadlock, lock wait, time limit, memory or disk full',
    fix: 'Nothing is lost: it is tried again. If it repeats, look at long transactions and at free disk space.',
  },
  MYSQL_COLUMN_UNKNOWN: {
    class: 'schema',
    means: 'no-table',
    summary: 'a statement names a column that the table has not',
    fix: 'In the target, where somebody has dropped the column: run `sluice snapshot start --table DATABASE.TABLE --reconcile`; the column is added from the record that the snapshot begins with, and filled by it, and the sink goes on by itself. In the source: was the table altered during the statement? Then it is tried again.',
  },
  MYSQL_CONSTRAINT: {
    class: 'record',
    summary:
      'a row violates a foreign key, a CHECK, a trigger, the partitions of a table, or a unique index that only the target has',
    fix: 'Drop the constraint that the source does not have, then run `sluice dlq replay --sink mysql --yes`.',
  },
  MYSQL_DATABASE_UNKNOWN: {
    class: 'fatal',
    summary: 'a database that the configuration names does not exist',
    fix: 'Create the database or correct its name.',
  },
  MYSQL_DRIVER_FAILED: {
    class: 'fatal',
    summary: 'the driver for MySQL and MariaDB did not understand the answer of a server',
    fix: 'Nothing of the answer was used. The message has the words of the driver; please report them with the versions of Sluice and of the server. Is there a proxy between the two? Try without it.',
  },
  MYSQL_DUPLICATE: {
    class: 'record',
    summary: 'a row has a value that a unique index already holds',
    fix: 'Drop the unique index that the source does not have, then run `sluice dlq replay --sink mysql --yes`.',
  },
  MYSQL_ITEM_UNKNOWN: {
    class: 'record',
    summary: 'a MySQL or MariaDB server gave an error for one row that Sluice has no rule for',
    fix: "Look up the error number in the server's manual; please report it.",
  },
  MYSQL_PRIVILEGE_MISSING: {
    class: 'fatal',
    summary: 'the user of a MySQL or MariaDB server lacks a privilege',
    fix: 'Start the service again: it lists every privilege that is missing, with the GRANT that gives it.',
  },
  MYSQL_READ_ONLY: {
    class: 'retryable',
    summary: 'a MySQL or MariaDB server takes no writes',
    fix: 'Nothing is lost: it is tried again. After a failover, point the configuration at the new primary.',
  },
  MYSQL_TABLE_UNKNOWN: {
    class: 'schema',
    means: 'no-table',
    summary: 'a statement names a table that does not exist',
    fix: 'In the target: run `sluice snapshot start --table DATABASE.TABLE --reconcile`; the table is made from the record that the snapshot begins with, and filled by it, and the sink goes on by itself. In the source: was the table dropped or renamed? Leave it out of `source.tables`.',
  },
  MYSQL_TLS_FAILED: {
    class: 'fatal',
    summary: 'no TLS connection to a MySQL or MariaDB server can be agreed upon',
    fix: 'Correct `tls` of the server named in the message: its CA file, or whether the server has TLS at all.',
  },
  MYSQL_UNKNOWN: {
    class: 'retryable',
    summary: 'a MySQL or MariaDB server gave an error that Sluice has no rule for',
    fix: "Look up the error number in the server's manual; please report it.",
  },
  MYSQL_UNREACHABLE: {
    class: 'retryable',
    summary: 'a MySQL or MariaDB server does not answer, or closed the connection',
    fix: 'Check host, port and network, and that the server runs and has connections free.',
  },
  MYSQL_VALUE_REFUSED: {
    class: 'record',
    summary: 'a value does not fit its column',
    fix: "Make the column as wide as the source's, then run `sluice dlq replay --sink mysql --yes`.",
  },
  OPS_PORT_TAKEN: {
    class: 'fatal',
    summary: 'a port for health, status or metrics cannot be listened on',
    fix: 'Stop the process that holds the port, or change the `ops` setting named in the message.',
    exit: 'configuration',
  },
  PATTERN_WITHOUT_TABLE: {
    class: 'schema',
    summary: 'a pattern of source.tables fits no table that capture can see',
    fix: 'Create the table, and it is captured. Or correct the pattern, or run the GRANT that the message names, and start capture again.',
  },
  PREFLIGHT_FAILED: {
    class: 'fatal',
    summary: 'the source, Kafka or a store is not set up as the service needs it, or has never answered',
    fix: 'Do what the message says behind each `Fix:`, then start again.',
    exit: 'preflight',
  },
  RECORD_HELD: {
    class: 'schema',
    summary: 'a record of a strict table cannot be applied, and its partition waits for an operator',
    fix: 'Mend the cause: the record is tried again by itself. Or let it become a dead letter by `sluice dlq release --sink SINK --id ID`, where ID is TOPIC-PARTITION-OFFSET of the message.',
  },
  RECORD_INVALID: {
    class: 'record',
    summary: 'a record of a data topic is not an envelope',
    fix: 'Something else than capture wrote to the topic, or the record was damaged. Look at it by `sluice dlq show --sink SINK --id ID`, then run `sluice dlq discard --sink SINK --id ID --yes`; where it may have been a row, also `sluice snapshot start --table DATABASE.TABLE --reconcile`.',
  },
  RECORD_TOO_NEW: {
    class: 'fatal',
    summary:
      'what Sluice keeps in Kafka or in a store was written by a later version, in a form that this one cannot read',
    fix: 'Run the version that wrote it, or a later one. Nothing was written: `docs/releasing.md` says how far back a version can be taken back.',
  },
  RECORD_UNKNOWN_MAJOR: {
    class: 'record',
    summary: 'a record has an envelope version that this reader does not know',
    fix: 'Upgrade the sinks before capture, then run `sluice dlq replay --sink SINK --yes`.',
  },
  ROW_TOO_LARGE: {
    class: 'fatal',
    summary: 'a row is larger than its topic takes',
    fix: 'Raise `topics.maxMessageBytes` and start capture again: it raises the topics with it. Or set `topics.oversize` to `dead-letter`: then a dead letter with the key takes the place of such rows, and sinks lack them until they are read again. After you have raised the limit, `sluice snapshot start --table TABLE` reads them, and `sluice dlq discard --sink capture --yes` closes the letters.',
  },
  SCHEMA_HISTORY_CORRUPT: {
    class: 'fatal',
    summary: 'a record of the schema-history topic cannot be read',
    fix: 'Restore the topic from a backup.',
  },
  SEQUENCE_EXHAUSTED: {
    class: 'fatal',
    summary: 'a field of the sequence has no more room',
    fix: 'Run RESET BINARY LOGS AND GTIDS on the source when no other replica needs them, then start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.',
  },
  SHUTDOWN_TIMEOUT: {
    class: 'retryable',
    summary: 'the service did not stop within its grace period and was ended by force',
    fix: 'Nothing is lost: the next start resumes from the last checkpoint. If it repeats, look at what the last log lines wait for.',
  },
  SINK_SILENT: {
    class: 'retryable',
    summary: 'a sink’s store does not answer, nor refuse',
    fix: 'Look whether the store is frozen or overloaded, or the network swallows packets; the sink asks again.',
  },
  SINK_UNEXPECTED: {
    class: 'retryable',
    summary: 'a sink’s store gave an error that is not known',
    fix: 'Look at the cause in the log; the batch is tried again.',
  },
  SNAPSHOT_NOT_VISIBLE: {
    class: 'retryable',
    summary: 'the source does not show rows that it has written to its binlog',
    fix: 'Nothing is lost: the chunk is read again. Look at commits that hang on the source.',
  },
  SNAPSHOT_REFUSED: {
    class: 'record',
    summary: 'an order about snapshots cannot be carried out',
    fix: 'The message says why: no such captured table, a condition that is none, asks about a hidden column, is refused by the server or takes it too long, or a job in another state. Nothing was changed.',
  },
  SOURCE_BINLOG_PURGED: {
    class: 'fatal',
    summary: 'the source has deleted binlog files that capture has not read',
    fix: 'Start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again; keep binlogs longer (binlog_expire_logs_seconds).',
  },
  SOURCE_CLOSED_STREAM: {
    class: 'retryable',
    summary: 'the source ended the binlog stream',
    fix: 'Nothing is lost: capture connects again.',
  },
  SOURCE_DIVERGED: {
    class: 'fatal',
    summary:
      'what capture reads, or a sink, does not follow what it has: the source was reset, lost the end of its binlog or is another server, or capture was started from a restored checkpoint',
    fix: 'Find out which server or checkpoint capture runs from, and stop capture where it runs. Then start it by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again; a sink that has stopped is started again.',
  },
  SOURCE_MISCONFIGURED: {
    class: 'fatal',
    summary: 'the source cannot be captured as it is set up',
    fix: 'Run the statement named in the message.',
    exit: 'preflight',
  },
  SOURCE_MOVED: {
    class: 'retryable',
    summary: 'another server answers at the address of the source than a moment before',
    fix: 'Nothing is to be done after a failover: capture begins anew at its checkpoint. If it repeats, the address spreads connections over several servers: name one of them.',
  },
  SOURCE_READ_TWICE: {
    class: 'retryable',
    summary: "another reader took over the replica id under which capture reads the source's binlog",
    fix: 'Nothing is to be done about another capture of this pipeline: the older of two ends with KAFKA_FENCED, which names the newer. A replica or another tool with this id needs another one, or set source.serverId.',
  },
  SOURCE_SILENT: {
    class: 'retryable',
    summary: 'the source has sent neither event nor heartbeat for too long',
    fix: 'Nothing is lost: capture connects again. Look at the network between the two.',
  },
  STACK_DOWNLOAD_FAILED: {
    class: 'fatal',
    summary: 'a server for the local stack could not be downloaded',
    fix: 'Look at the end of the output of apt-get or mvn in the message; a network or mirror is usually not reachable.',
  },
  STACK_SERVER_FAILED: {
    class: 'fatal',
    summary: 'a server of the local stack did not start, ended, or does not answer at the given address',
    fix: 'Look at the end of its log in the message.',
  },
  STACK_TOOL_MISSING: {
    class: 'fatal',
    summary: 'a program that the local stack needs (apt-get, dpkg, mvn, java) is missing or too old',
    fix: 'Install it, or give the address of a running server in the environment variable named in the message.',
  },
  TABLE_HIDDEN: {
    class: 'schema',
    summary:
      'the source has a captured table, or columns of one, that it does not show or let the account of source.user read',
    fix: 'Run the GRANT that the message names, then start capture again: the table is read then. Or name it under source.excludeTables.',
  },
  TABLE_NEW: {
    class: 'schema',
    summary: 'a table came that no pattern names alone, and source.newTables is `refuse`',
    fix: 'Say under `tables` what of it is hidden, add its name to source.tables without wildcards, and start capture again: the table is read then. Or name it under source.excludeTables.',
  },
  TABLE_PAUSED: {
    class: 'schema',
    summary:
      'a change of a table waits for an operator, as `ddl` of sluice.yaml says; everything behind it waits in the topic',
    fix: 'See to what reads the store, then run `sluice table resume --table DATABASE.TABLE`.',
  },
  TABLE_SHAPE_REFUSED: {
    class: 'fatal',
    summary: 'the settings under `tables` do not fit a captured table as it is now',
    fix: 'Nothing of the table was published in a shape that was not asked for. Correct the setting named in the message, then start capture again.',
  },
  TABLE_SYSTEM_VERSIONED: {
    class: 'schema',
    summary:
      'a captured MariaDB table keeps a history of its rows (WITH SYSTEM VERSIONING), which capture cannot tell from the rows',
    fix: 'Drop its system versioning, and it is read; or name the table under source.excludeTables. It is left alone meanwhile, unless source.strictTables refuses the start.',
  },
  TABLE_WITHOUT_KEY: {
    class: 'fatal',
    summary: 'a captured table has neither a primary key nor a configured one',
    fix: 'Add a primary key, or name a NOT NULL unique index under source.keys, and it is read; or exclude the table. It is left alone meanwhile, unless source.strictTables refuses the start.',
    exit: 'preflight',
  },
  TARGET_LOCKED: {
    class: 'retryable',
    summary: 'another worker is altering the same target table',
    fix: 'Nothing is to be done unless it stays: then look for a connection that holds the lock (SHOW PROCESSLIST on the target).',
  },
  TARGET_OFFSET_MOVED: {
    class: 'retryable',
    summary: 'another worker has stored a newer offset of this partition: this one is no longer its owner',
    fix: 'Nothing is to be done: the batch was rolled back and the other worker goes on.',
  },
  TOPICS_SPLIT: {
    class: 'fatal',
    summary:
      'topics.strategy `operation` splits the changes of a key over topics: no sink could keep their order',
    fix: 'Set topics.strategy to `table` or `database` for the pipeline of this sink; use `operation` in a pipeline of its own, for other readers.',
    exit: 'configuration',
  },
  TOPIC_UNKNOWN: {
    class: 'fatal',
    summary: 'a table was used before its topic was prepared',
    fix: 'This is a fault of Sluice: please report it with the log.',
  },
} as const satisfies Record<string, ErrorEntry>;

declare const defined: unique symbol;
/** A code that `defineErrors` has given. */
export type DefinedCode = string & { readonly [defined]: true };
export type ErrorCode = keyof typeof ERRORS | DefinedCode;

const known = new Map<string, ErrorEntry>(Object.entries(ERRORS));

/** Adds the error codes of one part, such as a sink. Gives each by its name. Throws for a code that is there with another meaning. */
export function defineErrors<T extends Readonly<Record<string, ErrorEntry>>>(
  table: T,
): { readonly [code in keyof T]: DefinedCode } {
  for (const [code, entry] of Object.entries(table)) {
    const other = known.get(code);
    if (other !== undefined && other.summary !== entry.summary) throw new Error(`${code} is defined twice`);
    known.set(code, entry);
  }
  const codes = Object.keys(table).map((code) => [code, code]);
  return Object.fromEntries(codes) as { readonly [code in keyof T]: DefinedCode };
}

export function errorEntry(code: ErrorCode): ErrorEntry {
  const entry = known.get(code);
  if (entry === undefined) throw new Error(`${code} is no error code`);
  return entry;
}

export interface PipelineErrorOptions {
  readonly cause?: unknown;
  /** Names and numbers only: never a row value, never a secret. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Every error that Sluice raises on purpose. Its class comes from the table, never from its text. */
export class PipelineError extends Error {
  readonly code: ErrorCode;
  readonly errorClass: ErrorClass;
  readonly context: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: ErrorCode, message: string, options: PipelineErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'PipelineError';
    this.code = code;
    this.errorClass = errorEntry(code).class;
    this.context = options.context ?? {};
  }
}
