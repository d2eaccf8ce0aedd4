import type { Row, RowEnvelope, Sequence } from '@sluice/envelope';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRow } from '../src/decode.ts';
import { reconciliationOf } from '../src/reconciliation.ts';
import type { Delivery, Sink } from '../src/sink.ts';
import { Bench, convergence, type Journey } from '../src/testing/index.ts';

/** Ways in which a store is easily made wrong. */
interface Faults {
  readonly comparesNothing?: boolean;
  readonly forgetsDeletes?: boolean;
  readonly forgetsFloors?: boolean;
  readonly keepsFloorsInMemory?: boolean;
  readonly deniesTies?: boolean;
  readonly takesEqual?: boolean;
  readonly ignoresGaps?: boolean;
}

interface Store {
  readonly rows: Map<number, { readonly sequence: Sequence; readonly row: Row | null }>;
  floor: Sequence;
  /** Partitions that have shown the end of a snapshot, by job. */
  readonly ends: Map<string, Set<number>>;
}

function sinkOn(store: Store, faults: Faults): Sink {
  let ownFloor = store.floor;
  const truncate = (sequence: Sequence): void => {
    if (faults.forgetsFloors !== true && sequence > store.floor) store.floor = sequence;
    ownFloor = store.floor;
    for (const [id, stored] of store.rows) if (stored.sequence < sequence) store.rows.delete(id);
  };
  const isNewer = (envelope: RowEnvelope, stored: Sequence): boolean => {
    const { sequence, operation } = envelope.payload;
    if (faults.comparesNothing === true) return true;
    const passesTie = (operation === 'SNAPSHOT' && faults.deniesTies !== true) || faults.takesEqual === true;
    return sequence > stored || (sequence === stored && passesTie);
  };
  const reconcile = ({ envelope, partition }: Delivery): void => {
    const asked = reconciliationOf(envelope);
    if (asked === null || faults.ignoresGaps === true) return;
    const seen = store.ends.get(asked.job) ?? new Set();
    store.ends.set(asked.job, seen.add(partition));
    if (seen.size >= asked.partitions) truncate(asked.since);
  };
  const apply = ({ payload, schema }: RowEnvelope): void => {
    const floor = faults.keepsFloorsInMemory === true ? ownFloor : store.floor;
    const id = Number(payload.key['id']);
    if (payload.sequence < floor || !isNewer({ payload, schema }, store.rows.get(id)?.sequence ?? '')) return;
    if (payload.after === null && faults.forgetsDeletes === true) store.rows.delete(id);
    else store.rows.set(id, { sequence: payload.sequence, row: payload.after });
  };
  return {
    open: async () => undefined,
    ping: async () => undefined,
    close: async () => undefined,
    keep: async () => undefined,
    write: async (batch: readonly Delivery[]) => {
      for (const delivery of batch) {
        if (isRow(delivery)) apply(delivery.envelope);
        else if (delivery.envelope.schema.type === 'truncate') truncate(delivery.envelope.payload.sequence);
        else reconcile(delivery);
      }
      return batch.map(() => ({ kind: 'applied' }));
    },
  };
}

async function checked(
  faults: Faults,
  options: fc.Parameters<[Journey]>,
): Promise<{ failed: boolean; told: string }> {
  const store: Store = { rows: new Map(), floor: '', ends: new Map() };
  const another = (): Sink => sinkOn(store, faults);
  const bench = new Bench({
    sink: another(),
    another,
    read: async (_database, _table, { id }) => store.rows.get(Number(id))?.row ?? null,
    close: async () => undefined,
  });
  const { failed, counterexample } = await fc.check(convergence(bench), { seed: 1, ...options });
  return { failed, told: fc.stringify(counterexample) };
}

test('a store that keeps every rule ends right', async () => {
  expect((await checked({}, { numRuns: 300 })).failed).toBe(false);
});

test.each<Faults>([
  { comparesNothing: true },
  { forgetsDeletes: true },
  { forgetsFloors: true },
  { keepsFloorsInMemory: true },
  { deniesTies: true },
  { takesEqual: true },
  { ignoresGaps: true },
])('a history shows that a store is wrong: %o', async (faults) => {
  expect((await checked(faults, { numRuns: 3000, endOnFailure: true })).failed).toBe(true);
});

test('what is shown is short, and a person can follow it', async () => {
  const { told } = await checked({ forgetsDeletes: true }, { numRuns: 1000 });
  expect(told).toMatch(/#0 INSERT key \d @1/);
  expect(told).toMatch(/(stream|replay|restart|zombie): #\d/);
  expect(told.split('\n').length).toBeLessThan(30);
});
