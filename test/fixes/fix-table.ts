import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '@sluice/runtime';

/** How the fix of an error that docs/errors.md names is known to heal. */
export type Proof =
  /** A test carries it out: its file, and a part of its title. */
  | { readonly by: string; readonly title: string }
  /** Nothing is to be done, and a test shows that it passes by itself. */
  | { readonly passes: string }
  /** No test can: why. */
  | { readonly cannot: string };

const fixes = 'test/e2e/named-fixes.e2e.test.ts';
const born = 'test/e2e/born-sinks.e2e.test.ts';
const e2e = (name: string): string => `test/e2e/${name}.e2e.test.ts`;
const fault = (name: string): string => `test/faults/${name}.fault.ts`;
const BY_HAND = { by: e2e('store-fixes'), title: 'stores that differ from the source by somebody’s hand' };
const LETTERS = { by: e2e('dead-letters'), title: 'mended and replayed, nothing is left' };
// A login that is refused at a start is told by PREFLIGHT_FAILED, with the setting.
const SETTINGS = { by: fixes, title: 'settings that a service cannot start with' };
const ANEW = { by: fixes, title: 'capture that has stopped for good begins anew' };
const MISSED = { by: born, title: 'a sink that has missed records' };
const BORN = { by: born, title: 'sinks that are added after all records have expired' };

/** Every code of the services has an entry: one that is new does not compile without. */
const OF_SERVICES: Readonly<Record<ErrorCode, Proof>> = {
  BACKUP_INVALID: { by: e2e('disaster-recovery'), title: 'Kafka is lost' },
  BINLOG_EVENT_MISSING: { cannot: 'no server leaves an event out on purpose' },
  BINLOG_METADATA_NOT_FULL: {
    cannot:
      'the setting is one of the whole server, and capture does not start without it: the way on is that of BINLOG_ROW_IMAGE_NOT_FULL',
  },
  BINLOG_ROW_IMAGE_NOT_FULL: ANEW,
  BINLOG_UNREADABLE: { cannot: 'no server writes such an event on purpose' },
  BREAKER_OPEN: { passes: fault('redis-read-only') },
  CAPTURE_ACTIVE: { by: e2e('disaster-recovery'), title: 'Kafka is lost' },
  CAPTURE_NOT_STREAMING: { passes: fault('source-restarted') },
  CHECKPOINT_CORRUPT: ANEW,
  CHECKPOINT_MISSING: ANEW,
  COLUMN_TYPE_UNKNOWN: {
    cannot:
      'takes a column that goes between two looks at the server; to exclude a table is shown by TABLE_WITHOUT_KEY',
  },
  CONFIG_CHANGED: ANEW,
  CONFIG_INVALID: { cannot: 'it may be any setting: the message names it' },
  CONSUMER_DIED: { cannot: 'a fault of the client library, for which the process is started again' },
  DATA_GAP: MISSED,
  DECISIONS_CORRUPT: {
    by: 'packages/sink-kit/test/dead-letters/dlq-routes.integration.test.ts',
    title: 'taken back by a null value',
  },
  DIVERSION_HALTED: { by: e2e('dead-letters'), title: 'stops the sink, over restarts too' },
  GROUP_ACTIVE: { by: e2e('sink-rewind'), title: 'reads everything once more' },
  KAFKA_AUTH_FAILED: { cannot: 'the broker of the tests has no users' },
  KAFKA_FENCED: { passes: e2e('standby') },
  KAFKA_MESSAGE_TOO_LARGE: { by: fault('row-too-large-stops'), title: 'goes on when the limits are raised' },
  KAFKA_NOT_AUTHORIZED: { cannot: 'the broker of the tests has no access rules' },
  KAFKA_PROTOCOL: { cannot: 'an error that nobody knows yet' },
  KAFKA_REFUSED: { cannot: 'which setting it is depends on the message' },
  KAFKA_TLS_FAILED: { cannot: 'the broker of the tests has no TLS listener' },
  KAFKA_TOPIC_MISSING: { passes: e2e('topic-deleted') },
  KAFKA_TRANSACTION_ABORTED: { passes: fault('capture-paused') },
  KAFKA_TRANSACTION_IN_DOUBT: { passes: fault('produce-answer-lost') },
  KAFKA_TRANSACTION_OPEN: {
    by: 'packages/kafka/test/topic-reader.integration.test.ts',
    title: 'are waited for while a transaction is open',
  },
  KAFKA_UNREACHABLE: { passes: fault('capture-kafka-refused') },
  KAFKA_UNSUPPORTED: { cannot: 'needs an older Kafka' },
  MYSQL_AUTH_FAILED: SETTINGS,
  MYSQL_BUSY: { passes: fault('target-deadlocks') },
  MYSQL_COLUMN_UNKNOWN: BY_HAND,
  MYSQL_CONSTRAINT: BY_HAND,
  MYSQL_DATABASE_UNKNOWN: {
    cannot: 'sinks make their databases, and a source without the database fails its preflight',
  },
  MYSQL_DUPLICATE: {
    cannot:
      'takes a unique index whose columns the sink cannot read: under others the newer row takes the place',
  },
  MYSQL_ITEM_UNKNOWN: { cannot: 'an error that nobody knows yet' },
  MYSQL_PRIVILEGE_MISSING: {
    cannot:
      'which rights depends on the server and its administrator; the source’s preflight prints its statement',
  },
  MYSQL_READ_ONLY: { passes: fault('target-read-only') },
  MYSQL_TABLE_UNKNOWN: BORN,
  MYSQL_TLS_FAILED: { cannot: 'depends on the certificates of the server' },
  MYSQL_UNKNOWN: { cannot: 'an error that nobody knows yet' },
  MYSQL_UNREACHABLE: { passes: fault('target-killed') },
  MYSQL_VALUE_REFUSED: LETTERS,
  OPS_PORT_TAKEN: SETTINGS,
  PREFLIGHT_FAILED: { by: e2e('hidden-tables'), title: 'starts with those that the message gives it' },
  RECORD_AHEAD: {
    by: e2e('seals'),
    title: 'a record ahead of all that capture has published holds up no true change',
  },
  RECORD_HELD: { by: e2e('dead-letters'), title: 'stops at the record until an operator lets it go' },
  RECORD_INVALID: BY_HAND,
  RECORD_TOO_NEW: { cannot: 'needs a later version' },
  RECORD_UNSEALED: { by: e2e('seals'), title: 'orders without a seal are not obeyed' },
  RECORD_UNKNOWN_MAJOR: { cannot: 'needs a sink of a later version' },
  ROW_TOO_LARGE: { by: fault('row-too-large-stops'), title: 'goes on when the limits are raised' },
  SCHEMA_HISTORY_CORRUPT: { cannot: 'needs a backup of the topic' },
  SECRET_REFUSED: { cannot: 'what is to be done depends on the file or the command' },
  SECRET_UNAVAILABLE: { cannot: 'what is to be done depends on the file or the command' },
  SEQUENCE_EXHAUSTED: { cannot: 'takes 921 generations or a million binlog files' },
  SHUTDOWN_TIMEOUT: { passes: fault('capture-kafka-blackholed') },
  SINK_UNEXPECTED: { cannot: 'an error that nobody knows yet' },
  SNAPSHOT_NOT_VISIBLE: { cannot: 'takes a commit that hangs on the source for ten seconds' },
  SNAPSHOT_REFUSED: { cannot: 'it is an answer: nothing was changed' },
  SOURCE_BINLOG_PURGED: { by: fault('binlog-purged'), title: 'until an operator accepts' },
  SOURCE_CLOSED_STREAM: { passes: fault('source-killed') },
  SOURCE_DIVERGED: { by: fault('binlog-reset'), title: 'capture notices and stops' },
  SOURCE_MISCONFIGURED: { cannot: 'the statement sets what is global to a server' },
  SOURCE_MOVED: { passes: fault('source-name-moves-mysql') },
  SOURCE_SILENT: { passes: fault('source-blackholed') },
  SOURCE_UNUSABLE: { passes: e2e('source-hosts') },
  STACK_DOWNLOAD_FAILED: { cannot: 'depends on the network of the machine' },
  STACK_SERVER_FAILED: { cannot: 'depends on the log of the server' },
  STACK_TOOL_MISSING: { cannot: 'depends on the machine' },
  STORE_AHEAD: { by: e2e('kafka-anew'), title: 'stop, and heal by the page' },
  TABLE_ENGINE_REFUSED: {
    by: e2e('refused-tables'),
    title: 'a table whose engine keeps no rows is left alone until it has another',
  },
  TABLE_NEW: { by: e2e('hidden-names'), title: 'a table that comes later is left alone until it is named' },
  TABLE_PAUSED: { by: e2e('ddl-sinks'), title: 'until it is resumed' },
  TABLE_SHAPE_REFUSED: { cannot: 'it may be any setting below `tables`: the message names it' },
  TABLE_SYSTEM_VERSIONED: { cannot: 'to exclude a table is shown by TABLE_WITHOUT_KEY' },
  TABLE_WITHOUT_KEY: {
    by: e2e('refused-tables'),
    title: 'a table without a key is left alone until it has one',
  },
  TARGET_LOCKED: { passes: fault('target-locked') },
  TARGET_OFFSET_MOVED: { passes: fault('sinks-join-and-leave') },
  TOPICS_SPLIT: { cannot: 'it takes a pipeline of its own' },
  TOPIC_UNKNOWN: { cannot: 'a fault of Sluice' },
  ORPHANS_INCOMPLETE: { by: e2e('orphans'), title: 'what the old master kept' },
  ORPHANS_REFUSED: { cannot: 'which statement a person carries over depends on the message' },
  PATTERN_WITHOUT_TABLE: {
    by: e2e('hidden-tables'),
    title: 'starts with those that the message gives it',
  },
  SINK_SILENT: BY_HAND,
  SOURCE_READ_TWICE: { cannot: 'which of two services is meant to run is for a person to say' },
  TABLE_HIDDEN: { by: e2e('hidden-tables'), title: 'left alone by name, and whole when it may' },
  MYSQL_DRIVER_FAILED: { cannot: 'a fault of the client library' },
};

const ROOT = join(import.meta.dirname, '..', '..');
const ofSinks = globSync('services/sink-*/test/fixes.json', { cwd: ROOT }).map(
  (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Readonly<Record<string, Proof>>,
);

/** With those of each sink's own codes, which stand in its folder: `test/fixes.json`. */
export const PROOFS: Readonly<Record<string, Proof>> = Object.fromEntries(
  [OF_SERVICES, ...ofSinks].flatMap((proofs) => Object.entries(proofs)),
);
