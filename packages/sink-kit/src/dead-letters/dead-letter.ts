import { hash } from 'node:crypto';
import { readDeadLetter, tableId, toTableId, type ToldFailure, type TopicRouting } from '@sluice/envelope';
import type { TopicRecord } from '@sluice/kafka';

/**
 * A dead letter without its bytes: what lists and decisions need. Several copies of one record are one letter, and so are all
 * changes of one row that capture could not publish.
 */
export interface DeadLetter extends Omit<ToldFailure, 'failedAtMs'> {
  /** What is decided about: `deadLetterId` of a record that failed, `rowLetterId` of a row that never became one. */
  readonly id: string;
  /** `database.table`; the topic where neither its name nor the record key tells. */
  readonly table: string;
  /** Text of the record key; null when the record has none. */
  readonly key: string | null;
  /** Milliseconds since 1970 of the newest copy. */
  readonly failedAtMs: number;
  /** Where the dead-letter topic holds the newest copy. */
  readonly place: { readonly partition: number; readonly offset: bigint };
}

const MESSAGE_LENGTH = 300;

/** Length of the digest of a record key: as much as a person may copy. */
const KEY_DIGITS = 16;

export function deadLetterId(topic: string, partition: number, offset: bigint): string {
  return `${topic}-${partition}-${offset}`;
}

/** @param key text of the record key */
export function rowLetterId(topic: string, partition: number, key: string): string {
  return `${topic}-${partition}-${hash('sha256', key).slice(0, KEY_DIGITS)}`;
}

/** The letter in a record of a dead-letter topic; null for a record that somebody else wrote there. */
export function parseDeadLetter(record: TopicRecord, routing: TopicRouting): DeadLetter | null {
  const told = readDeadLetter(record.headers);
  if (told === null) return null;
  const key = record.key?.toString('utf8') ?? null;
  const { database = null, table = null } = routing.sourceOf(told.topic, key) ?? {};
  return {
    ...told,
    id: idOf(told, key),
    table: database === null || table === null ? told.topic : tableId(database, table),
    key,
    message: told.message.slice(0, MESSAGE_LENGTH),
    failedAtMs: told.failedAtMs ?? record.timestamp,
    place: { partition: record.partition, offset: record.offset },
  };
}

function idOf({ topic, partition, offset }: ToldFailure, key: string | null): string {
  return offset === null ? rowLetterId(topic, partition, key ?? '') : deadLetterId(topic, partition, offset);
}

/** Of which letters a command speaks; every part that is given must fit. */
export interface DeadLetterFilter {
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

export function matcher(filter: DeadLetterFilter): (letter: DeadLetter) => boolean {
  const ids = filter.ids === undefined ? null : new Set(filter.ids);
  const { table, key, error, sinceMs, untilMs } = filter;
  return (letter) =>
    (ids === null || ids.has(letter.id)) &&
    (table === undefined || letter.table === table || letter.table === toTableId(table)) &&
    (key === undefined || letter.key === key) &&
    (error === undefined || letter.errorCode === error) &&
    (sinceMs === undefined || letter.failedAtMs >= sinceMs) &&
    (untilMs === undefined || letter.failedAtMs < untilMs);
}

/** By topic and partition, then in the order in which the records stood, or the letters where there is no record. */
export function inLogOrder(a: DeadLetter, b: DeadLetter): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  const [ours, theirs] = [a.offset ?? a.place.offset, b.offset ?? b.place.offset];
  return a.partition - b.partition || (ours < theirs ? -1 : Number(ours > theirs));
}
