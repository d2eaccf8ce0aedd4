import {
  ByteWriter,
  type BinlogHandler,
  type ColumnFacts,
  type RowImage,
  type RowsEvent,
  type TableMap,
} from '../../src/index.ts';

/** What one input may make of itself, in bytes of JSON: the longest recorded transaction makes far less. */
const MOST_BYTES = 64 * 1024 * 1024;
const NAMED_TYPES = new Set(['uuid', 'inet6', 'inet4']);

/** A row with its images as JSON arrays, '' for one that is not there. */
export interface FuzzRow {
  readonly table: string;
  readonly operation: string;
  readonly before: string;
  readonly after: string;
}

/** Reads every value of every row, as capture does, and hands each row on. */
export class FuzzHandler implements BinlogHandler {
  readonly #onRow: (row: FuzzRow) => void;
  readonly #out = new ByteWriter(1024);
  #written = 0;

  constructor(onRow: (row: FuzzRow) => void) {
    this.#onRow = onRow;
  }

  onFormat(): void {}
  onRotate(): void {}
  onBegin(): void {}
  onTableMap(): void {}
  onCommit(): void {}
  onQuery(): void {}
  onHeartbeat(): void {}
  onUnknown(): void {}

  onRows(event: RowsEvent): void {
    while (event.next()) {
      const before = event.operation === 'INSERT' ? '' : this.#text(event.before, event.table);
      const after = event.operation === 'DELETE' ? '' : this.#text(event.after, event.table);
      const table = `${event.table.database}.${event.table.table}`;
      this.#onRow({ table, operation: event.operation, before, after });
    }
  }

  #text(image: RowImage, map: TableMap): string {
    const out = this.#out;
    out.reset();
    for (const index of map.columns.keys()) {
      out.reserve(1);
      out.bytes[out.position++] = index === 0 ? 0x5b : 0x2c;
      image.write(index, out);
    }
    out.reserve(1);
    out.bytes[out.position++] = 0x5d;
    this.#written += out.position;
    if (this.#written > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes of values`);
    return out.bytes.toString('utf8', 0, out.position);
  }
}

/** Tables of the recording that have MariaDB's named types call the columns after them. */
export function recordedFacts(map: TableMap): ColumnFacts {
  const named = map.columns.filter(({ name }) => NAMED_TYPES.has(name));
  const namedTypes = new Map(named.map(({ name }) => [name, name as 'uuid' | 'inet6' | 'inet4']));
  return { namedTypes, leftOut: new Set() };
}
