import type { ColumnFacts } from './column-facts.ts';
import { compileTable, type CompiledTable } from './compiled-table.ts';
import { HEADER_BYTES } from './event-types.ts';
import { parseTableMap, type TableMap } from './table-map.ts';

/** Tables get new ids for ever; those not seen for long are forgotten, a table map precedes every statement's rows. */
const MAX_TABLES = 8192;

interface Entry {
  /** The event's body as it came, to see at a glance that a map says nothing new. */
  readonly body: Buffer;
  readonly map: TableMap;
  compiled: CompiledTable | null;
}

/** The table maps of a stream by table id. */
export class TableCache {
  readonly #entries = new Map<number, Entry>();
  readonly #factsOf: (map: TableMap) => ColumnFacts;

  readonly #flavour: 'mysql' | 'mariadb';
  #isForgotten = false;

  /** @param factsOf asked once per map, before its first rows */
  constructor(flavour: 'mysql' | 'mariadb', factsOf: (map: TableMap) => ColumnFacts) {
    this.#flavour = flavour;
    this.#factsOf = factsOf;
  }

  /** Takes in a TABLE_MAP event; returns the map when it is new or changed, null when it is known. */
  accept(event: Buffer, end: number): TableMap | null {
    if (this.#isForgotten) this.clear();
    const tableId = event.readUIntLE(HEADER_BYTES, 6);
    const known = this.#entries.get(tableId);
    const length = end - HEADER_BYTES;
    if (
      known !== undefined &&
      known.body.length === length &&
      event.compare(known.body, 0, length, HEADER_BYTES, end) === 0
    ) {
      return null;
    }
    const map = parseTableMap(event, HEADER_BYTES, end, this.#flavour);
    this.#entries.delete(tableId);
    this.#entries.set(tableId, { body: Buffer.from(event.subarray(HEADER_BYTES, end)), map, compiled: null });
    if (this.#entries.size > MAX_TABLES) this.#forgetOldest();
    return map;
  }

  /** @throws BinlogError COLUMN_TYPE_UNSUPPORTED when a column cannot be of its named type */
  compiled(tableId: number): CompiledTable | null {
    const entry = this.#entries.get(tableId);
    if (entry === undefined) return null;
    entry.compiled ??= compileTable(entry.map, this.#factsOf(entry.map));
    return entry.compiled;
  }

  clear(): void {
    this.#entries.clear();
    this.#isForgotten = false;
  }

  /** The next statement's table maps are new. */
  forget(): void {
    this.#isForgotten = true;
  }

  #forgetOldest(): void {
    for (const tableId of this.#entries.keys()) {
      this.#entries.delete(tableId);
      return;
    }
  }
}
