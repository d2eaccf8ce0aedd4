import type { ByteWriter } from '@sluice/binlog';
import type { DdlPolicy, RowOperation, SchemaEnvelope, Sequence, SnapshotEnvelope } from '@sluice/envelope';
import type { RecordBatchBuilder } from '@sluice/kafka';
import type { CapturedTable } from '../model/table.ts';
import type { ValueImage } from '../model/publication.ts';
import type { PartitionBatch } from './publish-buffer.ts';
import type { TableEncoder } from './table-encoder.ts';

/**
 * Makes the bytes of key, value and headers. Which topic, partition and batch a record goes to, how it is framed, and what
 * becomes of one that is too large, is none of its business.
 */
export interface RecordFormat {
  /** For one writer: it may keep memory from one row to the next. */
  rows(): RowFormat;
  /** The same for each partition that it goes to. */
  control(message: ControlMessage): ControlRecord;
}

/** Rows are the hot path: no object, no string and no promise for each of them. */
export interface RowFormat {
  /** Of the row that was written last; null when it comes from no trace. */
  readonly traceparent: string | null;
  /** All rows up to the next call belong to this group. */
  beginGroup(group: RowGroup): void;
  /**
   * Begins the next row of the group and gives its record key, in memory of the format or of the columns until the next call.
   * @param columns the key columns as one JSON object, as `TableEncoder.writeKey` writes them
   * @param offset the offset field of the row's sequence
   */
  beginRow(columns: ByteWriter, offset: number): ByteWriter;
  /**
   * Writes value and headers of that row into the open record; perhaps again, into another one.
   * @param imageIndex index of the row image in its event
   * @param eventIndex index of the row image in its transaction
   * @param link of one half of a key change, with the other half; null for any other row
   */
  row(
    batch: PartitionBatch,
    before: ValueImage | null,
    after: ValueImage | null,
    imageIndex: number,
    eventIndex: number,
    link: LinkHeader | null,
  ): void;
  /** Value and headers of the record that lets a compacted topic forget a key. */
  tombstone(records: RecordBatchBuilder): void;
}

/** What a group of rows has in common: one rows event, or one chunk of a snapshot. */
export interface RowGroup {
  readonly encoder: TableEncoder;
  readonly operation: RowOperation;
  readonly serverId: number;
  /** Commit time, microseconds since 1970. */
  readonly committedAtMicros: number;
  /** Binlog file name as a JSON string. */
  readonly fileJson: string;
  readonly offset: number;
  readonly gtid: string | null;
  /** Generation and file number: the first nine digits of the sequence. */
  readonly sequencePrefix: string;
  /** Milliseconds since 1970. */
  readonly capturedAt: number;
  /** Of the statement, for rows that have none of their own; null without. */
  readonly traceparent: string | null;
}

/** A further record header, for the link between the two halves of a key change. */
export interface LinkHeader {
  readonly name: Buffer;
  /** Key columns of the other half. */
  readonly key: ByteWriter;
}

/** Where in the source a control record belongs. */
export interface SourceInfo {
  readonly server: string;
  readonly serverId: number;
  readonly file: string;
  readonly offset: number;
  readonly gtid: string | null;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly sequence: string;
  /** Milliseconds since 1970. */
  readonly capturedAt: number;
}

/** What a control record says. */
export type ControlMessage = { readonly point: SourceInfo } & (
  | { readonly type: 'truncate'; readonly table: CapturedTable; readonly policy: DdlPolicy }
  | {
      readonly type: 'schema';
      readonly table: CapturedTable;
      readonly change: SchemaEnvelope['payload']['change'];
      readonly policy: DdlPolicy;
      /** Sequence of the change of the columns before; '' where there was none. */
      readonly previousChange: Sequence;
      /** Of a `create`: a snapshot of all rows begins here, whose end removes what it has not brought. */
      readonly allRows: boolean;
    }
  | { readonly type: 'snapshot'; readonly table: CapturedTable; readonly mark: SnapshotMark }
  | { readonly type: 'heartbeat' }
);

export type SnapshotMark = Pick<SnapshotEnvelope['payload'], 'phase' | 'job' | 'reconcile' | 'since'>;

/** The slow path: text that is written as it is. */
export interface ControlRecord {
  readonly key: string;
  /** Becomes JSON. */
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}
