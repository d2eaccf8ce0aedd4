import { tableIdOf } from '@sluice/envelope';
import { keyOf, type OrphanRow, type OrphanTable, type RowValues } from './orphan.ts';

/**
 * The place of one row: a table and a key. Its states are what the orphans made of it, one after the other; the first is what they found.
 * Null: there was no row.
 */
export interface RowSlot {
  readonly table: OrphanTable;
  /** The key columns' values as JSON text. */
  readonly key: string;
  readonly states: (RowValues | null)[];
  readonly gtids: string[];
}

/** A change of one row: of one slot, or of two when it gives the row another key. */
export interface SlotChange {
  readonly row: OrphanRow;
  /** Each slot with the place in its states that the change leads to. */
  readonly steps: readonly { readonly slot: RowSlot; readonly index: number }[];
}

/** From the orphans' rows, in their order, to the slots that they change. Pure. */
export class RowSlots {
  readonly #slots = new Map<string, RowSlot>();

  add(row: OrphanRow, gtid: string): SlotChange {
    const { table, before, after } = row;
    const [from, to] = [before, after].map((values) => (values === null ? null : keyOf(table, values)));
    const keys = [...new Set([from, to].filter((key) => key !== null && key !== undefined))];
    const steps = keys.map((key) => {
      const slot = this.#slotOf(table, key, key === from ? before : null);
      slot.states.push(key === to ? after : null);
      if (slot.gtids.at(-1) !== gtid) slot.gtids.push(gtid);
      return { slot, index: slot.states.length - 1 };
    });
    return { row, steps };
  }

  get all(): Iterable<RowSlot> {
    return this.#slots.values();
  }

  #slotOf(table: OrphanTable, key: string, first: RowValues | null): RowSlot {
    const id = `${tableIdOf(table)} ${key}`;
    const slot = this.#slots.get(id) ?? { table, key, states: [first], gtids: [] };
    this.#slots.set(id, slot);
    return slot;
  }
}

/**
 * How a change stands to what the new master has there: `ready` when that is what the change found, `done` when it is what it or a later
 * one made. What is there twice counts as its last: nothing is done that is done already.
 */
export function standingOf(
  { states }: RowSlot,
  index: number,
  present: RowValues | null,
): 'ready' | 'done' | 'conflict' {
  const reached = states.findLastIndex((state) => sameRow(state, present));
  if (reached >= index) return 'done';
  return reached === index - 1 && reached >= 0 ? 'ready' : 'conflict';
}

export function sameRow(one: RowValues | null, other: RowValues | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((value, place) => value === other[place]);
}
