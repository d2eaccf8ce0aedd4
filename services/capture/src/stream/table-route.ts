import type { ByteWriter } from '@sluice/binlog';
import type { TableEncoder } from './table-encoder.ts';

/** Published rows of one table since the last flush. */
export interface RowCounts {
  INSERT: number;
  UPDATE: number;
  DELETE: number;
  SNAPSHOT: number;
}

/** A record key as text that a set can hold: one character a byte. */
export function keyText(key: ByteWriter): string {
  return key.bytes.toString('latin1', 0, key.position);
}

/**
 * Watches the stream while a chunk of a snapshot is being read: a row that the stream publishes meanwhile is newer than
 * what the chunk saw of it, and a DDL makes the whole chunk worthless.
 */
export class ChunkRecorder {
  /** Record keys as `keyText`. */
  readonly keys = new Set<string>();
  disturbed = false;
}

/** Where the rows of one captured table go, whatever its version. */
export class TableRoute {
  encoder: TableEncoder;
  recorder: ChunkRecorder | null = null;
  readonly counts: RowCounts = { INSERT: 0, UPDATE: 0, DELETE: 0, SNAPSHOT: 0 };

  constructor(encoder: TableEncoder) {
    this.encoder = encoder;
  }
}
