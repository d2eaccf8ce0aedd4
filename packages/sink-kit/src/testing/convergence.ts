import type { Row } from '@sluice/envelope';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coalesce } from '../coalesce.ts';
import type { RowDelivery } from '../decode.ts';
import type { Bench } from './conformance.ts';
import { itemRow } from './conformance-table.ts';
import { sequenceAt } from './test-topic.ts';

const RUNS = Number(process.env['SLUICE_CONFORMANCE_RUNS'] ?? 50);
const KEYS_PER_RUN = 3;

/** A change of one of a few keys; its place in the history gives its sequence. */
interface Change {
  readonly key: number;
  readonly deletes: boolean;
}

const histories = fc
  .array(fc.record({ key: fc.nat(KEYS_PER_RUN - 1), deletes: fc.boolean() }), { minLength: 1, maxLength: 12 })
  .chain((history: Change[]) =>
    fc.record({
      history: fc.constant(history),
      // Every change comes at least once; some again; all in any order.
      order: fc
        .array(fc.nat(history.length - 1), { maxLength: history.length })
        .chain((again) => shuffled([...history.keys(), ...again])),
      cuts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }),
    }),
  );

function shuffled(items: readonly number[]): fc.Arbitrary<number[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length });
}

/** Any duplication, delay and interleaving of a history ends in its final state. */
export function describeConvergence(start: () => Promise<Bench>): void {
  test(`any delivery of a history ends in its final state (${RUNS} runs)`, async () => {
    const bench = await start();
    let firstId = 1;
    await fc.assert(
      fc.asyncProperty(histories, async ({ history, order, cuts }) => {
        const base = firstId;
        firstId += KEYS_PER_RUN;
        const deliveries = order.map((step) => toDelivery(bench, base, history, step));
        for (const batch of cut(deliveries, cuts)) await bench.write(...coalesce(batch).winners);
        for (const [key, row] of finalState(base, history)) expect(await bench.read(base + key)).toEqual(row);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
}

function toDelivery(bench: Bench, base: number, history: readonly Change[], step: number): RowDelivery {
  const change = history[step] as Change;
  const row = itemRow(base + change.key, step);
  const operation = change.deletes ? 'DELETE' : step % 2 === 0 ? 'UPDATE' : 'INSERT';
  return bench.topic.row({ operation, sequence: sequenceAt(100 + step), row });
}

function finalState(base: number, history: readonly Change[]): ReadonlyMap<number, Row | null> {
  return new Map(history.map(({ key, deletes }, step) => [key, deletes ? null : itemRow(base + key, step)]));
}

function* cut(
  deliveries: readonly RowDelivery[],
  sizes: readonly number[],
): Generator<readonly RowDelivery[]> {
  let from = 0;
  for (let index = 0; from < deliveries.length; index += 1) {
    const size = sizes[index % sizes.length] as number;
    yield deliveries.slice(from, from + size);
    from += size;
  }
}
