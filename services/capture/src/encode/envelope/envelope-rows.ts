import { ByteWriter } from '@sluice/binlog';
import { TRACEPARENT_HEADER } from '@sluice/envelope';
import { encodeHeader, type RecordBatchBuilder } from '@sluice/kafka';
import { append, appendAll, appendInteger, appendThousandths, writeDigits } from '../../model/json-bytes.ts';
import { OFFSET_DIGITS } from '../../model/sequence-counter.ts';
import type { ValueImage } from '../../model/publication.ts';
import { LatestText } from '../latest-text.ts';
import type { PartitionBatch } from '../publish-buffer.ts';
import type { LinkHeader, RowFormat, RowGroup } from '../record-format.ts';
import { RowTrace } from '../row-trace.ts';
import type { TableEncoder } from '../table-encoder.ts';
import {
  AFTER,
  BEFORE,
  CAPTURED_AT,
  CLOSE,
  EVENT_INDEX,
  GTID,
  HEADERS,
  KEY,
  NO_AFTER,
  NO_BEFORE_AFTER,
  NULL,
  OFFSET,
  ONE_HEADER_MORE,
  OPERATION_UP_TO_SEQUENCE,
  POSITION_FILE,
  ROW,
  TRANSACTION_ID,
  TWO_HEADERS_MORE,
} from './envelope-parts.ts';
import { recordKeyOf } from './record-key.ts';
import { TableParts } from './table-parts.ts';

/**
 * Lays out the envelopes of rows. The parts that are equal for all rows of a group are written once, into scratch memory; a
 * row costs its values, its numbers and a few copies.
 */
export class EnvelopeRows implements RowFormat {
  readonly #head = new ByteWriter(1024);
  readonly #middle = new ByteWriter(512);
  readonly #tail = new ByteWriter(512);
  readonly #end = new ByteWriter(64);
  readonly #headers = new ByteWriter(128);
  /** Where the digits of the sequence that change stand in `#middle` and in `#headers`. */
  #digitsInMiddle = 0;
  #digitsInHeaders = 0;
  readonly #sequencePrefix = new LatestText();
  readonly #file = new LatestText();
  readonly #gtid = new LatestText('"');
  readonly #trace = new RowTrace();
  traceparent: string | null = null;
  readonly #longKey = new ByteWriter(256);
  readonly #longLinkKey = new ByteWriter(256);
  readonly #partsOf = new WeakMap<TableEncoder, TableParts>();
  #encoder: TableEncoder | null = null;
  /** Of the group's table. */
  #parts: TableParts | null = null;
  /** The key columns of the row that is written next. */
  #columns: ByteWriter = this.#longKey;

  beginGroup(group: RowGroup): void {
    this.#trace.beginGroup(group);
    const parts = this.#tableParts(group.encoder);
    const gtid = group.gtid === null ? NULL : this.#gtid.of(group.gtid);
    const prefix = this.#sequencePrefix.of(group.sequencePrefix);
    const head = restart(this.#head);
    appendAll(head, parts.head(group.serverId));
    appendThousandths(head, group.committedAtMicros);
    appendAll(head, POSITION_FILE);
    appendAll(head, this.#file.of(group.fileJson));
    appendAll(head, OFFSET);
    appendInteger(head, group.offset);
    appendAll(head, ROW);
    const middle = restart(this.#middle);
    appendAll(middle, GTID);
    appendAll(middle, gtid);
    appendAll(middle, OPERATION_UP_TO_SEQUENCE[group.operation]);
    appendAll(middle, prefix);
    this.#digitsInMiddle = skip(middle, OFFSET_DIGITS);
    appendAll(middle, KEY);
    const tail = restart(this.#tail);
    appendAll(tail, TRANSACTION_ID);
    appendAll(tail, gtid);
    appendAll(tail, EVENT_INDEX);
    const end = restart(this.#end);
    appendAll(end, CAPTURED_AT);
    appendInteger(end, group.capturedAt);
    appendAll(end, CLOSE);
    this.#layOutHeaders(HEADERS[group.operation], prefix, parts.schemaHeader);
  }

  #layOutHeaders(upToSequence: Buffer, prefix: Buffer, schema: Buffer): void {
    const headers = restart(this.#headers);
    appendAll(headers, upToSequence);
    appendAll(headers, prefix);
    this.#digitsInHeaders = skip(headers, OFFSET_DIGITS);
    appendAll(headers, schema);
  }

  #tableParts(encoder: TableEncoder): TableParts {
    if (encoder === this.#encoder) return this.#parts as TableParts;
    let parts = this.#partsOf.get(encoder);
    if (parts === undefined) this.#partsOf.set(encoder, (parts = new TableParts(encoder)));
    this.#encoder = encoder;
    this.#parts = parts;
    return parts;
  }

  beginRow(columns: ByteWriter, offset: number): ByteWriter {
    this.#columns = columns;
    writeDigits(this.#middle.bytes, this.#digitsInMiddle, offset, OFFSET_DIGITS);
    writeDigits(this.#headers.bytes, this.#digitsInHeaders, offset, OFFSET_DIGITS);
    return recordKeyOf((this.#parts as TableParts).keyHead, columns, this.#longKey);
  }

  row(
    { out, records }: PartitionBatch,
    before: ValueImage | null,
    after: ValueImage | null,
    imageIndex: number,
    eventIndex: number,
    link: LinkHeader | null,
  ): void {
    const columns = this.#columns;
    records.beginValue();
    append(out, this.#head.bytes, this.#head.position);
    appendInteger(out, imageIndex);
    append(out, this.#middle.bytes, this.#middle.position);
    append(out, columns.bytes, columns.position);
    writeImages(this.#encoder as TableEncoder, out, before, after);
    append(out, this.#tail.bytes, this.#tail.position);
    appendInteger(out, eventIndex);
    append(out, this.#end.bytes, this.#end.position);
    records.endValue();
    this.traceparent = this.#trace.of(after ?? before);
    if (link === null && this.traceparent === null) append(out, this.#headers.bytes, this.#headers.position);
    else this.#moreHeaders(records, link, this.traceparent);
  }

  /** Their number, which comes first, is another one than that of the other rows. */
  #moreHeaders(records: RecordBatchBuilder, link: LinkHeader | null, traceparent: string | null): void {
    const { bytes, position } = this.#headers;
    const count = link === null || traceparent === null ? ONE_HEADER_MORE : TWO_HEADERS_MORE;
    records.rawHeaders(count);
    records.rawHeaders(bytes.subarray(count.length, position));
    if (link !== null) {
      const key = recordKeyOf((this.#parts as TableParts).keyHead, link.key, this.#longLinkKey);
      records.header(link.name, key.bytes, 0, key.position);
    }
    if (traceparent !== null) records.rawHeader(encodeHeader(TRACEPARENT_HEADER, traceparent));
  }

  tombstone(records: RecordBatchBuilder): void {
    records.nullValue();
    records.headerCount(0);
  }
}

/** Leaves room for bytes that are written row by row; where it begins. */
function skip(writer: ByteWriter, length: number): number {
  const start = writer.position;
  writer.reserve(length);
  writer.position += length;
  return start;
}

function restart(writer: ByteWriter): ByteWriter {
  writer.position = 0;
  return writer;
}

function writeImages(
  encoder: TableEncoder,
  out: ByteWriter,
  before: ValueImage | null,
  after: ValueImage | null,
): void {
  if (before === null) {
    appendAll(out, NO_BEFORE_AFTER);
  } else {
    appendAll(out, BEFORE);
    encoder.writeRow(before, out);
    appendAll(out, after === null ? NO_AFTER : AFTER);
  }
  if (after !== null) encoder.writeRow(after, out);
  else if (before === null) appendAll(out, NULL);
}
