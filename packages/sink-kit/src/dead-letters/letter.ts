import { tableId, type TopicRouting } from '@sluice/envelope';
import type { TopicRecord } from '@sluice/kafka';

/** A dead letter without its bytes: what lists and decisions need. Several copies of one record are one letter. */
export interface Letter {
  /** `<topic>-<partition>-<offset>` of the record that failed: its identity. */
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** `database.table`; the topic where neither its name nor the record key tells. */
  readonly table: string;
  /** Text of the record key; null when the record has none. */
  readonly key: string | null;
  /** Sequence of the change; '' where the record does not tell. */
  readonly sequence: string;
  readonly stage: string;
  readonly errorClass: string;
  readonly errorCode: string;
  readonly message: string;
  readonly attempts: number;
  /** Milliseconds since 1970 of the newest copy. */
  readonly failedAtMs: number;
  /** Where the dead-letter topic holds the newest copy. */
  readonly place: { readonly partition: number; readonly offset: bigint };
}

const MESSAGE_LENGTH = 300;

export function letterId(topic: string, partition: number, offset: bigint): string {
  return `${topic}-${partition}-${offset}`;
}

/** The letter in a record of a dead-letter topic (headers `cdc.dlq.*`); null for a record that somebody else wrote there. */
export function toLetter(record: TopicRecord, routing: TopicRouting): Letter | null {
  const header = (name: string): string => record.headers.get(`cdc.dlq.${name}`)?.toString('utf8') ?? '';
  const [topic, partition, offset] = [header('topic'), header('partition'), header('offset')];
  if (topic === '' || !/^\d+$/.test(partition) || !/^\d+$/.test(offset)) return null;
  const key = record.key?.toString('utf8') ?? null;
  const { database = null, table = null } = routing.sourceOf(topic, key) ?? {};
  return {
    id: letterId(topic, Number(partition), BigInt(offset)),
    topic,
    partition: Number(partition),
    offset: BigInt(offset),
    table: database === null || table === null ? topic : tableId(database, table),
    key,
    sequence: header('version'),
    stage: header('stage'),
    errorClass: header('error.class'),
    errorCode: header('error.code'),
    message: header('error.message').slice(0, MESSAGE_LENGTH),
    attempts: Number(header('attempts')) || 0,
    failedAtMs: Number(header('failed_at')) || record.timestamp,
    place: { partition: record.partition, offset: record.offset },
  };
}

/** Of which letters a command speaks; every part that is given must fit. */
export interface LetterFilter {
  readonly ids?: readonly string[] | undefined;
  /** `database.table`. */
  readonly table?: string | undefined;
  /** Text of the record key, e.g. `{"id":42}`. */
  readonly key?: string | undefined;
  /** Error code, e.g. `MYSQL_VALUE_REFUSED`. */
  readonly error?: string | undefined;
  /** Failed at or after this time, milliseconds since 1970. */
  readonly sinceMs?: number | undefined;
  /** Failed before this time, milliseconds since 1970. */
  readonly untilMs?: number | undefined;
}

export function matcher(filter: LetterFilter): (letter: Letter) => boolean {
  const ids = filter.ids === undefined ? null : new Set(filter.ids);
  const { table, key, error, sinceMs, untilMs } = filter;
  return (letter) =>
    (ids === null || ids.has(letter.id)) &&
    (table === undefined || letter.table === table) &&
    (key === undefined || letter.key === key) &&
    (error === undefined || letter.errorCode === error) &&
    (sinceMs === undefined || letter.failedAtMs >= sinceMs) &&
    (untilMs === undefined || letter.failedAtMs < untilMs);
}

/** By topic, partition and offset: the order in which the records stood. */
export function inLogOrder(a: Letter, b: Letter): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition || (a.offset < b.offset ? -1 : Number(a.offset > b.offset));
}
