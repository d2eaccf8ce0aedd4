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
   * has no such table, or not all of it. `no-shape`: it does not take the table as it is defined. `lost-change`: it waits for a change of
   * the table that not every partition has. `answered`: it can be tried again, but is the trouble of one table or partition: the store
   * itself is there.
   */
  readonly means?: 'login' | 'no-table' | 'no-shape' | 'lost-change' | 'answered';
}

/** The error codes of all services; those of one sink stand in its own folder. `docs/errors.md` is generated. Keep it sorted by code. */
export const ERRORS = {
  BACKUP_INVALID: {
    class: 'fatal',
    summary: 'a folder is no backup, not all of one, or one of another pipeline',
    fix: 'Nothing was written. Name another backup by `sluice restore --from FOLDER`: a folder without `manifest.json` is one that was never finished, and a file with another sum was changed since.',
  },
  BINLOG_EVENT_MISSING: {
    class: 'retryable',
    summary: 'the source did not send an event that its binlog contains',
    fix: 'No action needed: nothing was published without the event, and capture resumes from its checkpoint. If the error repeats, please report it with the message, which names the file and the position.',
  },
  BINLOG_METADATA_NOT_FULL: {
    class: 'fatal',
    summary: 'a row was written to the binlog without column names and types',
    fix: "Run on the source: SET GLOBAL binlog_row_metadata = 'FULL'; and write it into the server’s option file (or SET PERSIST, on MySQL), which a restart reads. Then start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.",
  },
  BINLOG_ROW_IMAGE_NOT_FULL: {
    class: 'fatal',
    summary: 'a row was written to the binlog without all of its columns',
    fix: "Run on the source: SET GLOBAL binlog_row_image = 'FULL'; write it into the server’s option file too (or SET PERSIST, on MySQL), and make sure that no session sets another value. Then start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.",
  },
  BINLOG_UNREADABLE: {
    class: 'fatal',
    summary: 'an event of the binlog cannot be decoded reliably',
    fix: 'Nothing after the event was published. The message names it: please report it with that part of the binlog. To continue without the event, start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.',
  },
  BREAKER_OPEN: {
    class: 'retryable',
    summary:
      'the circuit breaker of a sink is open: the store did not answer, and the sink does not call it until the next probe',
    fix: 'Try again when the store answers; `/status` of the sink shows the breaker.',
  },
  CAPTURE_ACTIVE: {
    class: 'fatal',
    summary: 'capture must be stopped for this command, but one of the pipeline is running',
    fix: 'Stop every capture of the pipeline, standbys too, and try again. Of one that was killed the command waits `capture.standby.takeoverMs` for a sign.',
  },
  CAPTURE_NOT_STREAMING: {
    class: 'retryable',
    summary: 'capture is not connected to its source at the moment',
    fix: 'Try again when `/readyz` of capture answers 200; its `/status` shows the last error.',
  },
  CHECKPOINT_CORRUPT: {
    class: 'fatal',
    summary: 'the newest checkpoint cannot be trusted',
    fix: 'Restore the checkpoint topic from a backup (docs/disaster-recovery.md), or start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.',
  },
  CHECKPOINT_MISSING: {
    class: 'fatal',
    summary: 'the data topics of this pipeline exist, but there is no checkpoint',
    fix: 'Restore the checkpoint topic from a backup (docs/disaster-recovery.md), or start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.',
  },
  COLUMN_TYPE_UNKNOWN: {
    class: 'fatal',
    summary:
      'the type of a column in a change of a MariaDB table is unknown: another column has its name now, or the column was part of the key',
    fix: 'Add a column with that name and type until capture has passed the change, or list the table in `source.excludeTables`.',
  },
  CONFIG_CHANGED: {
    class: 'fatal',
    summary: 'a changed setting would make the data in the stores wrong',
    fix: 'Look at `sluice plan`. Start capture by `sluice capture --accept row-conditions`: it reads the tables again, and sinks delete the rows that are no longer published. Or restore the old condition. If a key of hashed columns is missing, the message names the command.',
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
    summary: 'the Kafka consumer of a sink ended unexpectedly',
    fix: 'Nothing is lost: the supervisor restarts the process. If the error repeats, check the cause in the log, and the brokers.',
  },
  DATA_GAP: {
    class: 'fatal',
    summary: 'records were deleted from a topic before the sink had read them',
    fix: 'Run `sluice snapshot start --table DATABASE.TABLE --reconcile` for each table of the topic, and, while the sink is stopped, `sluice sink rewind --sink SINK --to beginning --accept-gap --yes`. Then start the sink: its `/status` lists the table as incomplete until the snapshot has ended. Or, where readers must not meet the old rows for that long, rebuild the sink as it stands (docs/rebuild.md).',
  },
  DECISIONS_CORRUPT: {
    class: 'fatal',
    summary: 'a record in the decisions topic of a sink cannot be read',
    fix: 'Another program, or a newer version of Sluice, wrote to the topic named in the message. Run that version, or write a null value for the key named in the message.',
  },
  DIVERSION_HALTED: {
    class: 'fatal',
    summary:
      'a sink would send so many records to its dead-letter topic that the cause is unlikely to be the records',
    fix: 'Look at the dead letters (`sluice dlq list --sink SINK`) and fix their cause; then run `sluice dlq accept --sink SINK`, or change the settings of the sink, and start it.',
  },
  GROUP_ACTIVE: {
    class: 'fatal',
    summary: 'the sink must be stopped for this command, but its consumer group has members',
    fix: 'Stop every process of the sink and try again. A process that was killed remains a member until its session times out (45 s).',
  },
  KAFKA_AUTH_FAILED: {
    class: 'fatal',
    summary: 'Kafka rejected the user name, the password or the SASL mechanism',
    fix: 'Correct `kafka.sasl` (mechanism, username, password); the broker log names the reason.',
  },
  KAFKA_FENCED: {
    class: 'fatal',
    summary: 'another process has taken over the transactional id',
    fix: 'No action is needed: the other capture streams, this one stands by. If the other one is not meant to run, stop it.',
  },
  KAFKA_MESSAGE_TOO_LARGE: {
    class: 'fatal',
    summary: "a record batch is larger than the topic's max.message.bytes",
    fix: 'Raise `topics.maxMessageBytes` and start capture again: it raises the max.message.bytes of the topics.',
  },
  KAFKA_NOT_AUTHORIZED: {
    class: 'fatal',
    summary: 'the Kafka ACLs do not allow an operation',
    fix: 'Grant the user of `kafka.sasl` the operation on the topic, group or transactional id named in the message.',
  },
  KAFKA_PROTOCOL: {
    class: 'retryable',
    summary: 'Kafka answered with an error that Sluice does not know',
    fix: 'Look up the error code in the Kafka documentation and the broker log; please report it.',
  },
  KAFKA_REFUSED: {
    class: 'fatal',
    summary: 'Kafka rejected a record batch, a topic setting or a request as invalid',
    fix: 'Compare the settings of the topic or broker named in the message with those that Sluice requires.',
  },
  KAFKA_TLS_FAILED: {
    class: 'fatal',
    summary: 'the TLS handshake with Kafka failed',
    fix: 'Correct `kafka.tls`: check the CA file, the client certificate, and that the listener uses TLS.',
  },
  KAFKA_TOPIC_MISSING: {
    class: 'retryable',
    summary: 'a topic or one of its partitions does not exist',
    fix: 'If the topic was deleted, capture creates it within seconds and reads its tables again.',
  },
  KAFKA_TRANSACTION_ABORTED: {
    class: 'retryable',
    summary: 'Kafka ended an open transaction without committing it',
    fix: 'Nothing is lost: capture publishes again from the last checkpoint. If the error repeats, look for broker outages longer than the transaction timeout.',
  },
  KAFKA_TRANSACTION_IN_DOUBT: {
    class: 'retryable',
    summary: 'it is unknown whether a transaction was committed',
    fix: 'Nothing is lost: capture reads the outcome from the checkpoint topic after fencing.',
  },
  KAFKA_TRANSACTION_OPEN: {
    class: 'retryable',
    summary: 'a sink waits for a transaction of capture that does not end',
    fix: 'If capture hangs or has crashed, Kafka aborts its transaction within a minute, or when capture starts again, and the sink continues. If the error repeats, `kafka-transactions.sh find-hanging` names the transaction.',
  },
  KAFKA_UNREACHABLE: {
    class: 'retryable',
    summary: 'no Kafka broker answers, or a partition has no leader',
    fix: 'Check `kafka.brokers`, the network, and that the brokers are running and advertise reachable addresses.',
  },
  KAFKA_UNSUPPORTED: {
    class: 'fatal',
    summary: 'the Kafka brokers do not support a request that Sluice needs',
    fix: 'Use Kafka 3.0 or later.',
  },
  MYSQL_AUTH_FAILED: {
    class: 'fatal',
    means: 'login',
    summary: 'a MySQL or MariaDB server rejected the user, the password or this host',
    fix: 'Correct `user` and `password` of the server named in the message, or unlock the account.',
  },
  MYSQL_BUSY: {
    class: 'retryable',
    summary:
      'a MySQL or MariaDB server aborted a statement: deadlock, lock wait, time limit, memory or disk full',
    fix: 'Nothing is lost: the statement is retried. If the error repeats, look for long transactions and check the free disk space.',
  },
  MYSQL_COLUMN_UNKNOWN: {
    class: 'schema',
    means: 'no-table',
    summary: 'a statement names a column that the table does not have',
    fix: 'If the column was dropped in the target: run `sluice snapshot start --table DATABASE.TABLE --reconcile`; the first record of the snapshot adds the column, the snapshot fills it, and the sink continues. If the table was altered in the source during the statement, the statement is retried.',
  },
  MYSQL_CONSTRAINT: {
    class: 'record',
    summary:
      'a row violates a foreign key, a CHECK, a trigger, the partitions of a table, or a unique index that only the target has',
    fix: 'Drop the constraint that the source does not have, then run `sluice dlq replay --sink SINK --yes`.',
  },
  MYSQL_DATABASE_UNKNOWN: {
    class: 'fatal',
    summary: 'a database named in the configuration does not exist',
    fix: 'Create the database or correct its name.',
  },
  MYSQL_DRIVER_FAILED: {
    class: 'fatal',
    summary: 'the MySQL driver could not parse the answer of a server',
    fix: 'The answer was discarded. Please report the message, which quotes the driver, with the versions of Sluice and of the server. If there is a proxy in between, try without it.',
  },
  MYSQL_DUPLICATE: {
    class: 'record',
    summary: 'a row has a value that a unique index already contains',
    fix: 'Drop the unique index that the source does not have, then run `sluice dlq replay --sink SINK --yes`.',
  },
  MYSQL_ITEM_UNKNOWN: {
    class: 'record',
    summary: 'a MySQL or MariaDB server returned an error for one row that Sluice does not know',
    fix: "Look up the error number in the server's manual; please report it.",
  },
  MYSQL_PRIVILEGE_MISSING: {
    class: 'fatal',
    summary: 'the MySQL or MariaDB user lacks a privilege',
    fix: 'Start the service again: it lists every missing privilege with the GRANT statement for it.',
  },
  MYSQL_READ_ONLY: {
    class: 'retryable',
    summary: 'a MySQL or MariaDB server is read-only',
    fix: 'Nothing is lost: the write is retried. After a failover, point the configuration at the new primary.',
  },
  MYSQL_TABLE_UNKNOWN: {
    class: 'schema',
    means: 'no-table',
    summary: 'a statement names a table that does not exist',
    fix: 'If the table is missing in the target: run `sluice snapshot start --table DATABASE.TABLE --reconcile`; the first record of the snapshot creates the table, the snapshot fills it, and the sink continues. If it was dropped or renamed in the source, remove it from `source.tables`.',
  },
  MYSQL_TLS_FAILED: {
    class: 'fatal',
    summary: 'the TLS handshake with a MySQL or MariaDB server failed',
    fix: 'Correct `tls` of the server named in the message: check the CA file, `serverName` and the client certificate, and that the server has TLS enabled; `tls: off` connects without it.',
  },
  MYSQL_UNKNOWN: {
    class: 'retryable',
    summary: 'a MySQL or MariaDB server returned an error that Sluice does not know',
    fix: "Look up the error number in the server's manual; please report it.",
  },
  MYSQL_UNREACHABLE: {
    class: 'retryable',
    summary: 'a MySQL or MariaDB server does not answer, or closed the connection',
    fix: 'Check host, port and network, and that the server is running and has free connections.',
  },
  MYSQL_VALUE_REFUSED: {
    class: 'record',
    summary: 'a value does not fit its column',
    fix: "Make the column as wide as the source's, then run `sluice dlq replay --sink SINK --yes`.",
  },
  OPS_PORT_TAKEN: {
    class: 'fatal',
    summary: 'a service cannot listen on its port for health, status and metrics',
    fix: 'Stop the process that uses the port, or change the `ops` setting named in the message.',
    exit: 'configuration',
  },
  ORPHANS_INCOMPLETE: {
    class: 'fatal',
    summary: 'the binlog that was given does not hold all transactions that the old master kept for itself',
    fix: 'Give all binlog files of the old master from the one with the first orphaned transaction on, by --binlog; of files that it has purged, from a backup.',
  },
  ORPHANS_REFUSED: {
    class: 'fatal',
    summary: 'what the old master kept for itself cannot be taken as changes of rows',
    fix: 'Read the message: it names the place and the reason. What is no change of a row, such as DDL, a person must carry over or take back by hand.',
  },
  PATTERN_WITHOUT_TABLE: {
    class: 'schema',
    summary: 'a pattern in source.tables matches no table that capture can see',
    fix: 'Create the table, and it is captured. Or correct the pattern, or run the GRANT that the message names, and start capture again.',
  },
  PREFLIGHT_FAILED: {
    class: 'fatal',
    summary:
      'the source, Kafka or a store does not meet the requirements of the service, or did not answer at all',
    fix: 'Follow each `Fix:` in the message. A service that is up looks again by itself, at least once a minute; start one that has ended.',
    exit: 'preflight',
  },
  RECORD_AHEAD: {
    class: 'record',
    summary:
      'a record has a sequence ahead of all that capture has published, by its checkpoints: it was not applied, and holds up nothing',
    fix: 'Find out who wrote it: only capture writes rows (`infra/kafka/acls.sh` gives the rights for it). Then `sluice dlq discard --sink SINK --id ID --yes`. If the checkpoint topic was restored from a backup, the record may be a true one: `sluice snapshot start --table TABLE` reads the rows again.',
  },
  RECORD_HELD: {
    class: 'schema',
    summary:
      'a record of a strict table cannot be applied; its partition is paused until an operator decides',
    fix: 'Fix the cause: the sink retries the record automatically. Or send it to the dead letters by `sluice dlq release --sink SINK --id ID`, where ID is the TOPIC-PARTITION-OFFSET in the message.',
  },
  RECORD_INVALID: {
    class: 'record',
    summary: 'a record in a data topic is not a valid envelope',
    fix: 'Another program wrote to the topic, or the record is damaged. Look at it by `sluice dlq show --sink SINK --id ID`, then run `sluice dlq discard --sink SINK --id ID --yes`; if it may have been a row, also run `sluice snapshot start --table DATABASE.TABLE --reconcile`.',
  },
  RECORD_TOO_NEW: {
    class: 'fatal',
    summary:
      'state in Kafka or in a store was written by a later version of Sluice, in a format that this version cannot read',
    fix: 'Run the version that wrote it, or a later one. Nothing was changed. `docs/releasing.md` says how far a version can be rolled back.',
  },
  RECORD_UNKNOWN_MAJOR: {
    class: 'record',
    summary: 'a record has an envelope version that this version cannot read',
    fix: 'Upgrade the sinks before capture, then run `sluice dlq replay --sink SINK --yes`.',
  },
  RECORD_UNSEALED: {
    class: 'record',
    summary: 'a record that gives orders has no seal of `kafka.sealKeyFile`; it was not obeyed',
    fix: 'Find out who wrote it: only services with the key may write such records. If a service of the pipeline has no key yet, or an older one, give it the file and start it again, with `kafka.seals: write` everywhere until all have it. A dead letter of such a record: `sluice dlq discard --sink SINK --id ID --yes`.',
  },
  ROW_TOO_LARGE: {
    class: 'fatal',
    summary: 'a row is larger than the max.message.bytes of its topic',
    fix: 'Raise `topics.maxMessageBytes` and start capture again: it raises the limit of the topics too. Or set `topics.oversize` to `dead-letter`: capture then publishes a dead letter with the key instead of such a row, and the row is missing in the stores until it is read again. After you have raised the limit, `sluice snapshot start --table TABLE` reads these rows, and `sluice dlq discard --sink capture --yes` closes the dead letters.',
  },
  SCHEMA_HISTORY_CORRUPT: {
    class: 'fatal',
    summary: 'a record of the schema-history topic cannot be read',
    fix: 'Stop every capture and sink, delete the topic, and restore it from a backup (docs/disaster-recovery.md).',
  },
  SECRET_REFUSED: {
    class: 'retryable',
    summary: 'a server refuses a password or token from a file or a command that it took before',
    fix: 'Give the server and the file or command the same secret. Nothing else is needed while it is being changed: it is read and tried again for two minutes, and only then is the login an error that a person must fix.',
  },
  SECRET_UNAVAILABLE: {
    class: 'retryable',
    summary: 'the file or the command of a password or token gave none',
    fix: 'The message names the setting: make the file readable, or run its command as the user of the service and see why it fails. It is tried again at the next connection.',
  },
  SEQUENCE_EXHAUSTED: {
    class: 'fatal',
    summary: 'a field of the sequence number is exhausted',
    fix: 'Run RESET BINARY LOGS AND GTIDS on the source, if no other replica needs the binlogs, then start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again.',
  },
  SHUTDOWN_TIMEOUT: {
    class: 'retryable',
    summary: 'the service did not stop within its grace period and was killed',
    fix: 'Nothing is lost: the next start resumes from the last checkpoint. If the error repeats, the last log lines show what the service was waiting for.',
  },
  SINK_SILENT: {
    class: 'retryable',
    summary: 'the store of a sink neither answers nor rejects a request',
    fix: 'Check whether the store hangs or is overloaded, and whether the network drops packets. The sink retries.',
  },
  SINK_UNEXPECTED: {
    class: 'retryable',
    summary: 'the store of a sink returned an unknown error',
    fix: 'Look at the cause in the log. The sink retries the batch.',
  },
  SNAPSHOT_NOT_VISIBLE: {
    class: 'retryable',
    summary: 'the source does not return rows that it has already written to its binlog',
    fix: 'Nothing is lost: the chunk is read again. Look for commits that hang on the source.',
  },
  SNAPSHOT_REFUSED: {
    class: 'record',
    summary: 'a snapshot command cannot be carried out',
    fix: 'The message says why: the table is not captured, the condition is invalid, names a hidden column, was rejected by the server or took too long, or the job is in another state. Nothing was changed.',
  },
  SOURCE_BINLOG_PURGED: {
    class: 'fatal',
    summary: 'the source has deleted binlog files that capture has not read',
    fix: 'Start capture by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again. Keep binlogs longer (binlog_expire_logs_seconds).',
  },
  SOURCE_CLOSED_STREAM: {
    class: 'retryable',
    summary: 'the source ended the binlog stream',
    fix: 'Nothing is lost: capture reconnects.',
  },
  SOURCE_DIVERGED: {
    class: 'fatal',
    summary:
      'the changes that capture or a sink reads do not follow the ones it already has: the source was reset, lost the end of its binlog or is another server, or capture was started from a restored checkpoint',
    fix: 'Find out which server and checkpoint capture uses, and stop capture if it is running. Then start it by `sluice capture --accept lost-checkpoint`: it opens a new generation and reads all tables again. Then start the sinks that have stopped.',
  },
  SOURCE_MISCONFIGURED: {
    class: 'fatal',
    summary: 'the source is not configured for capture',
    fix: 'Run the statement, or set the option of the server, that the message names.',
    exit: 'preflight',
  },
  SOURCE_MOVED: {
    class: 'retryable',
    summary: 'another server now answers at the address of the source',
    fix: 'After a failover, no action is needed: capture resumes from its checkpoint. If the error repeats, the address distributes connections over several servers: use the address of one server.',
  },
  SOURCE_READ_TWICE: {
    class: 'retryable',
    summary: "another reader took over the replica id under which capture reads the source's binlog",
    fix: 'If it is another capture of this pipeline, no action is needed: one of the two streams, the other stands by. If a replica or another tool uses this id, give it another one, or set source.serverId.',
  },
  SOURCE_SILENT: {
    class: 'retryable',
    summary: 'the source has sent neither an event nor a heartbeat for too long',
    fix: 'Nothing is lost: capture reconnects. Check the network between capture and the source.',
  },
  SOURCE_UNUSABLE: {
    class: 'retryable',
    summary: 'none of several source servers can be read at this moment',
    fix: 'The message says of each why. A replica that is catching up, a server that is starting or one that is being promoted needs no action: capture looks again. Otherwise correct source.hosts or source.read.',
  },
  STACK_DOWNLOAD_FAILED: {
    class: 'fatal',
    summary: 'a server for the local stack could not be downloaded',
    fix: 'Look at the output of apt-get or mvn at the end of the message; usually a network or mirror is not reachable.',
  },
  STACK_SERVER_FAILED: {
    class: 'fatal',
    summary: 'a server of the local stack did not start, ended, or does not answer at the given address',
    fix: 'Look at the end of the server log in the message.',
  },
  STACK_TOOL_MISSING: {
    class: 'fatal',
    summary: 'a program that the local stack needs (apt-get, dpkg, mvn, java) is missing or too old',
    fix: 'Install it, or give the address of a running server in the environment variable named in the message.',
  },
  STORE_AHEAD: {
    class: 'fatal',
    summary:
      'the store has changes of a generation that capture has not come to, or of another one of the same number: capture was started in an empty Kafka, or from an older backup, and all that it publishes would be taken for older',
    fix: 'Stop capture and start it by `sluice capture --accept lost-checkpoint=N`, where N is the generation in the message: it opens a new generation above that one and reads all tables again. Then start the sinks that have stopped. If the newer checkpoint can be restored from a backup, do that instead (docs/disaster-recovery.md).',
  },
  TABLE_ENGINE_REFUSED: {
    class: 'schema',
    summary:
      'the storage engine of a captured table keeps no rows of its own, or rows that change elsewhere (BLACKHOLE, MERGE, FEDERATED, SPIDER, CONNECT …): the binlog does not tell what becomes of them',
    fix: 'Give the table an engine that keeps its rows (ALTER TABLE … ENGINE=InnoDB), and capture reads it. Or list the table in source.excludeTables, and capture the server that has the rows. Until then the table is not captured, and its rows in the stores stay; with source.strictTables capture does not start.',
  },
  TABLE_HIDDEN: {
    class: 'schema',
    summary: 'source.user may not see or read a captured table, or some of its columns',
    fix: 'Run the GRANT in the message, then start capture again: it reads the table. Or list the table in source.excludeTables.',
  },
  TABLE_NEW: {
    class: 'schema',
    summary: 'a new table matches a pattern with wildcards only, and source.newTables is `refuse`',
    fix: 'Configure under `tables` which of its columns are hidden, add its name without wildcards to source.tables, and start capture again: it reads the table. Or list the table in source.excludeTables.',
  },
  TABLE_PAUSED: {
    class: 'schema',
    summary:
      'a table is paused at a change, because `ddl` in sluice.yaml says so; its later changes wait in the topic',
    fix: 'Adapt the readers of the store to the change, then run `sluice table resume --table DATABASE.TABLE`.',
  },
  TABLE_SHAPE_REFUSED: {
    class: 'fatal',
    summary: 'the settings under `tables` do not match the current columns of a captured table',
    fix: 'No row of the table was published against the settings. Correct the setting named in the message, then start capture again.',
  },
  TABLE_SYSTEM_VERSIONED: {
    class: 'schema',
    summary:
      'a captured MariaDB table is system-versioned (WITH SYSTEM VERSIONING): capture cannot distinguish its history from its rows',
    fix: 'Drop the system versioning, and capture reads the table. Or list the table in source.excludeTables. Until then the table is not captured; with source.strictTables capture does not start.',
  },
  TABLE_WITHOUT_KEY: {
    class: 'fatal',
    summary: 'a captured table has neither a primary key nor a configured key',
    fix: 'Add a primary key, or configure a NOT NULL unique index under source.keys, and capture reads the table. Or exclude the table. Until then the table is not captured; with source.strictTables capture does not start.',
    exit: 'preflight',
  },
  TARGET_LOCKED: {
    class: 'retryable',
    means: 'answered',
    summary:
      'another session holds the target table or rows of it: a worker that alters the table, or a transaction that does not end',
    fix: 'No action needed. If the error stays, look for the connection that holds the lock (SHOW PROCESSLIST on the target).',
  },
  TARGET_OFFSET_MOVED: {
    class: 'retryable',
    means: 'answered',
    summary: 'another worker has stored a newer offset of this partition and now owns it',
    fix: 'No action needed: the batch was rolled back, and the other worker continues.',
  },
  TOPICS_SPLIT: {
    class: 'fatal',
    summary:
      'topics.strategy `operation`, or `{operation}` in topics.template, distributes the changes of a key over several topics, so that sinks cannot keep their order',
    fix: 'Set topics.strategy to `table` or `database` in the pipeline of this sink, or leave `{operation}` out of topics.template. For other readers, use `operation` in a separate pipeline.',
    exit: 'configuration',
  },
  TOPIC_UNKNOWN: {
    class: 'fatal',
    summary: 'a table was used before its topic was prepared',
    fix: 'This is a bug in Sluice: please report it with the log.',
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

/** The codes of these classes that are known so far, by their names: those of a sink only once it is loaded. */
export function errorCodes(...classes: readonly ErrorClass[]): readonly ErrorCode[] {
  const ofClass = [...known].filter(([, entry]) => classes.includes(entry.class));
  return ofClass.map(([code]) => code as ErrorCode);
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
