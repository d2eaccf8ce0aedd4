import type { ByteWriter } from '@sluice/binlog';
import type { TableEncoder } from '../encode/table-encoder.ts';

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
 * what the chunk saw of it, and a DDL makes the whole chunk worthless. Keys are texts by `keyText`.
 */
export class ChunkRecorder {
  /** Keys that the stream had before the chunk was there to compare with. */
  readonly #noted = new Set<string>();
  #chunk: Set<string> | null = null;
  disturbed = false;

  /** The stream has a row with this key. */
  note(key: string): void {
    if (this.#chunk === null) this.#noted.add(key);
    else this.#chunk.delete(key);
  }

  /** The chunk has been read: from now on only its own keys are remembered, however far away its mark is. */
  compareWith(keys: readonly string[]): void {
    this.#chunk = new Set(keys.filter((key) => !this.#noted.has(key)));
    this.#noted.clear();
  }

  /** Whether the stream has had nothing newer than the chunk's row. */
  isCurrent(key: string): boolean {
    return this.#chunk?.has(key) ?? false;
  }
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
