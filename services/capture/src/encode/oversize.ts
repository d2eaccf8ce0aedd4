import { CAPTURE, deadLetterHeaders, deadLetterTopic, tableId } from '@sluice/envelope';
import { compressedBytes, encodeHeader } from '@sluice/kafka';
import { PipelineError, VERSION, type Logger, type SluiceConfig } from '@sluice/runtime';
import type { ByteWriter } from '@sluice/binlog';
import { type CapturedTable } from '../model/table.ts';
import type { PartitionBatch, PublishBuffer } from './publish-buffer.ts';

/** Length and framing of a record, beside what is measured (bytes). */
const FRAMING_BYTES = 64;
/** Logged at most so often: a table of such rows is one line a minute (milliseconds). */
const LOG_EVERY_MS = 60_000;
const NOW_MISSING = 'Capture published a dead letter instead: see `sluice dlq list --sink capture`.';

/** A record that Kafka would refuse. */
export interface OversizeRow {
  readonly table: CapturedTable;
  readonly topic: string;
  readonly partition: number;
  /** The record key. */
  readonly key: ByteWriter;
  readonly operation: string;
  readonly sequence: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Binlog file as JSON, and the event's offset in it. */
  readonly fileJson: string;
  readonly offset: number;
  /** Size before compression. */
  readonly bytes: number;
}

export interface OversizeOptions {
  readonly topics: Pick<SluiceConfig['topics'], 'prefix' | 'maxMessageBytes' | 'compression' | 'oversize'>;
  readonly log: Logger;
  readonly onDiverted: (topic: string) => void;
}

/** What becomes of a row that alone is larger than a topic takes (`topics.oversize`). Never silence. */
export class OversizeRows {
  readonly #options: OversizeOptions;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OversizeOptions) {
    this.#options = options;
  }

  /** Whether the open record of a batch that holds nothing else goes through, compressed as it will be. */
  fits({ out, records }: PartitionBatch): boolean {
    const { maxMessageBytes, compression } = this.#options.topics;
    if (records.byteLength + FRAMING_BYTES <= maxMessageBytes) return true;
    return (
      compressedBytes(out.bytes.subarray(0, out.position), compression) + FRAMING_BYTES <= maxMessageBytes
    );
  }

  /** Whether rows are diverted: then one may be published without its before image. */
  get diverts(): boolean {
    return this.#options.topics.oversize === 'dead-letter';
  }

  /**
   * Puts a dead letter in the row's place: its key, where it stands, and why. Throws ROW_TOO_LARGE where the policy is to
   * stop. The log has no value of the row, its key included. In the same Kafka transaction as the rows around it.
   */
  divert(buffer: PublishBuffer, row: OversizeRow): void {
    const { table, topic, bytes, fileJson, offset } = row;
    const { topics, log, onDiverted } = this.#options;
    const id = tableId(table.database, table.table);
    const place = `${String(JSON.parse(fileJson))}:${offset}`;
    const message = `A row of ${id} at ${place} has ${bytes} bytes for topic ${topic}, topics.maxMessageBytes is ${topics.maxMessageBytes}.`;
    const context = { table: id, topic, bytes, place };
    if (!this.diverts) throw new PipelineError('ROW_TOO_LARGE', message, { context });
    this.#writeLetter(buffer, row, message);
    onDiverted(topic);
    if (row.at - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = row.at;
    log.error(
      { event: 'capture.row_diverted', code: 'ROW_TOO_LARGE', ...context },
      `${message} ${NOW_MISSING}`,
    );
  }

  #writeLetter(buffer: PublishBuffer, row: OversizeRow, message: string): void {
    const { key, at } = row;
    const topic = deadLetterTopic(this.#options.topics.prefix, CAPTURE);
    const { records } = buffer.partition(topic, 0);
    records.begin(at);
    records.key(key.bytes, 0, key.position);
    records.nullValue();
    const headers = Object.entries(letterHeaders(row, message)).map(([name, value]) =>
      encodeHeader(name, value),
    );
    records.headerCount(headers.length);
    for (const header of headers) records.rawHeader(header);
    records.end();
  }
}

/** The value is what is too large: only its key goes with them. */
function letterHeaders(row: OversizeRow, message: string): Readonly<Record<string, string>> {
  const { topic, partition, operation, sequence, at } = row;
  const told = deadLetterHeaders({
    sink: CAPTURE,
    topic,
    partition,
    record: null,
    group: null,
    stage: 'publish',
    error: { name: PipelineError.name, errorClass: 'record', code: 'ROW_TOO_LARGE', message },
    attempts: 1,
    firstFailedAtMs: at,
    failedAtMs: at,
    sequence,
    serviceVersion: VERSION,
  });
  return { operation, sequence, ...told };
}
