import { schemaHistoryTopic, tableId } from '@sluice/envelope';
import type { RecordPlace, RecordSeals, TopicReader, TopicRecord } from '@sluice/kafka';
import { appendJson } from '../encode/control-writer.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import { SealedTail } from './sealed-tail.ts';
import { parseHistoryRecord, type SchemaHistoryRecord } from './schema-history-record.ts';

/** Key of the record, without a value, that a summary begins with. No table has it: a table's key has a dot. */
const BEGIN = 'begin';
/** Records that a start may have to read besides two for each table. */
const TAIL_MAX = 500;

/**
 * The newest version of every table, as the schema-history topic has it. Nobody asks for an older one: a checkpoint is written in
 * the same Kafka transaction as the versions it has met, and the binlog brings the columns of what is read again. So now and
 * then all newest versions are written again, and a start reads the topic from the last such summary on.
 */
export class SchemaHistory {
  readonly #topic: string;
  /** By table, in the order in which they were written. */
  readonly #newest = new Map<string, SchemaHistoryRecord>();
  /** Records that a start would read now. */
  #tail = 0;
  #next = 0n;

  readonly #sealed: SealedTail;

  constructor(prefix: string, seals: RecordSeals | null) {
    this.#topic = schemaHistoryTopic(prefix);
    this.#sealed = new SealedTail(seals);
  }

  /** Records without a seal that somebody has written since there are seals. */
  get unsealed(): readonly RecordPlace[] {
    return this.#sealed.passedOver;
  }

  /** The newest version of every table there ever was, in the order in which they were written. */
  get newest(): readonly SchemaHistoryRecord[] {
    return [...this.#newest.values()];
  }

  /** Reads what has come since the last time. Throws SCHEMA_HISTORY_CORRUPT or RECORD_TOO_NEW. */
  async refresh(reader: TopicReader): Promise<void> {
    if (this.#next === 0n) {
      const { records, next } = await reader.readSince(
        this.#topic,
        0,
        (record) => isBegin(record) && this.#sealed.mayBegin(record),
      );
      this.#take(records);
      this.#next = next;
      return;
    }
    const records: TopicRecord[] = [];
    await reader.readTopic(this.#topic, { fromOffset: this.#next }, (record) => records.push(record));
    this.#take(records);
    const last = records.at(-1);
    if (last !== undefined) this.#next = last.offset + 1n;
  }

  /** A record for each version would be much to look at: only the newest ones of each key are. */
  #take(records: readonly TopicRecord[]): void {
    const byKey = new Map<string, Buffer>();
    for (const { key, value } of records.filter((record) => this.#sealed.takes(record))) {
      this.#tail = isBegin({ key, value }) ? 0 : this.#tail + 1;
      if (value === null) continue;
      const name = String(key);
      byKey.delete(name);
      byKey.set(name, value);
    }
    for (const value of byKey.values()) this.#note(parseHistoryRecord(value));
  }

  #note(record: SchemaHistoryRecord): void {
    const id = tableId(record.database, record.table);
    this.#newest.delete(id);
    this.#newest.set(id, record);
  }

  /** @param at milliseconds since 1970 */
  append(buffer: PublishBuffer, record: SchemaHistoryRecord, at: number): void {
    this.#write(buffer, tableId(record.database, record.table), record, at);
    this.#note(record);
  }

  /** Writes all newest versions again when many records have come since that was done last. @param at milliseconds since 1970 */
  summarise(buffer: PublishBuffer, at: number): void {
    if (this.#tail <= TAIL_MAX + 2 * this.#newest.size) return;
    this.#write(buffer, BEGIN, null, at);
    this.#tail = 0;
    for (const [id, record] of this.#newest) this.#write(buffer, id, record, at);
  }

  #write(buffer: PublishBuffer, key: string, record: SchemaHistoryRecord | null, at: number): void {
    appendJson(buffer, { topic: this.#topic, partition: 0 }, key, record, at, {});
    this.#tail++;
  }
}

function isBegin({ key, value }: Pick<TopicRecord, 'key' | 'value'>): boolean {
  return value === null && String(key) === BEGIN;
}
