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

/** Whether the row that was found for a slot has another key, which the server takes for the same: by its collation, 'abc' is 'ABC'. */
export function hasOtherKey({ table, key }: RowSlot, present: RowValues | null): boolean {
  return present !== null && keyOf(table, present) !== key;
}

/**
 * What is left to do of a change that is neither done nor in conflict; null when nothing tells it. Of a change of the key one half may be
 * there: where it is as the orphans found it, the row has come to that key and left it again. Anything else somebody has done.
 *
 * @param present of each step, what the new master has
 */
export function leftOf(
  { row, steps }: SlotChange,
  present: readonly (RowValues | null)[],
): Pick<OrphanRow, 'table' | 'before' | 'after'> | null {
  const isDone = steps.map(({ slot, index }, at) => standingOf(slot, index, present[at] ?? null) === 'done');
  const rest = steps.filter((_step, at) => !isDone[at]);
  const [only] = rest;
  if (only === undefined || rest.length === steps.length) return row;
  const isAsFound = steps.every(
    ({ slot: { states } }, at) => !isDone[at] || sameRow(states[0] ?? null, present[at] ?? null),
  );
  if (!isAsFound) return null;
  const { slot, index } = only;
  return { table: row.table, before: slot.states[index - 1] ?? null, after: slot.states[index] ?? null };
}
