import {
  BinlogError,
  NO_FOREIGN_KEY_CHECKS,
  SQL_FOREIGN_KEYS,
  type RowsEvent,
  type TableMap,
} from '@sluice/binlog';
import { tableId } from '@sluice/envelope';
import type { CascadeParent } from '../catalog/cascade-parents.ts';

/** XA transactions whose marks are remembered; those of an older one may be anything. */
const PREPARED_MAX = 1000;

/** A parent as its table map has it. */
interface MetParent {
  readonly onDelete: readonly string[];
  readonly onUpdate: readonly MetUpdate[];
}

interface MetUpdate {
  /** In row images; null: they do not tell whether it has changed. */
  readonly places: readonly number[] | null;
  readonly tables: readonly string[];
}

/**
 * Notes which tables foreign keys may have changed behind the binlog's back, transaction by transaction. Tables that are no
 * parents cost a look at their map an event; rows are only looked at of parents with keys that follow an UPDATE.
 */
export class CascadeMarks {
  readonly #onMarked: (tables: readonly string[]) => void;
  /** Flags of events that cascaded nowhere, or where the binlog has it. */
  readonly #traced: number;
  #parents: ReadonlyMap<string, CascadeParent> = new Map();
  #met = new WeakMap<TableMap, MetParent | null>();
  #lastMap: TableMap | null = null;
  #last: MetParent | null = null;
  readonly #marked = new Set<string>();
  readonly #prepared = new Map<string, readonly string[]>();
  /** Whether rows were met of which the binlog would not have what foreign keys did: a replica keeps the flags of its source. */
  metUntraced = false;

  /** @param onMarked hears at the end of a transaction which captured tables, as `database.table`, it may have changed */
  constructor(flavour: 'mysql' | 'mariadb', onMarked: (tables: readonly string[]) => void) {
    this.#onMarked = onMarked;
    this.#traced = NO_FOREIGN_KEY_CHECKS | (flavour === 'mysql' ? SQL_FOREIGN_KEYS : 0);
  }

  /** By `database.table`, as the server has them now. */
  set parents(parents: ReadonlyMap<string, CascadeParent>) {
    this.#parents = parents;
    this.#met = new WeakMap();
    this.#lastMap = null;
  }

  /** On the hot path. The event's rows are at their beginning again afterwards. */
  note(rows: RowsEvent): void {
    if ((rows.flags & this.#traced) !== 0) return;
    this.metUntraced = true;
    if (this.#parents.size === 0 || rows.operation === 'INSERT') return;
    const parent = this.#parentOf(rows);
    if (parent === null) return;
    if (rows.operation === 'DELETE') for (const id of parent.onDelete) this.#marked.add(id);
    else for (const effect of parent.onUpdate) this.#noteUpdate(rows, effect);
  }

  #noteUpdate(rows: RowsEvent, { places, tables }: MetUpdate): void {
    if (tables.every((id) => this.#marked.has(id))) return;
    if (places === null || changesAny(rows, places)) for (const id of tables) this.#marked.add(id);
  }

  /** The whole transaction has no effect: tables with foreign keys have transactions. */
  drop(): void {
    this.#marked.clear();
  }

  /** Nothing has cascaded yet that others can see. */
  prepare(xid: string): void {
    if (this.#parents.size === 0) return;
    const oldest = this.#prepared.keys().next();
    if (this.#prepared.size >= PREPARED_MAX && oldest.done === false) this.#prepared.delete(oldest.value);
    this.#prepared.set(xid, [...this.#marked]);
    this.#marked.clear();
  }

  /** What an XA transaction has changed that an earlier session met, or that is too long ago, nobody knows. */
  commitPrepared(xid: string): void {
    const marked = this.#prepared.get(xid) ?? this.#all();
    this.#prepared.delete(xid);
    for (const id of marked) this.#marked.add(id);
  }

  /** The transaction is over. */
  close(): void {
    if (this.#marked.size === 0) return;
    this.#onMarked([...this.#marked]);
    this.#marked.clear();
  }

  #all(): readonly string[] {
    return [...this.#parents.values()].flatMap(({ onDelete, onUpdate }) => [
      ...onDelete,
      ...onUpdate.flatMap(({ tables }) => tables),
    ]);
  }

  #parentOf(rows: RowsEvent): MetParent | null {
    const map = rows.table;
    if (map === this.#lastMap) return this.#last;
    let met = this.#met.get(map);
    if (met === undefined) {
      const parent = this.#parents.get(tableId(map.database, map.table));
      met = parent === undefined ? null : meet(parent, rows);
      this.#met.set(map, met);
    }
    this.#lastMap = map;
    this.#last = met;
    return met;
  }
}

function meet({ onDelete, onUpdate }: CascadeParent, rows: RowsEvent): MetParent {
  const met = onUpdate.map(({ columns, tables }) => {
    const places = columns.map((name) => rows.placeOf(name));
    return { places: places.includes(-1) ? null : places, tables };
  });
  return { onDelete, onUpdate: met };
}

/** True also of images without all columns, which do not tell; of a captured table they end the stream. */
function changesAny(rows: RowsEvent, places: readonly number[]): boolean {
  try {
    while (rows.next())
      for (const place of places) if (!rows.before.sameValue(place, rows.after)) return true;
    return false;
  } catch (error) {
    if (error instanceof BinlogError && error.code === 'ROW_IMAGE_PARTIAL') return true;
    throw error;
  } finally {
    rows.rewind();
  }
}
