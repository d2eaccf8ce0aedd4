import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coalesce } from '../coalesce.ts';
import { isRow, type RowDelivery } from '../decode.ts';
import type { Delivery } from '../sink.ts';
import type { Bench } from './bench.ts';
import { journeys, type DeliveryStep, type Journey } from './delivery-plan.ts';
import { playHistory, type History } from './history.ts';

/** Histories of each store: the default takes seconds. */
export const RUNS = Number(process.env['SLUICE_CONFORMANCE_RUNS'] ?? 50);
export const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? randomInt(2 ** 31));
const MS_PER_RUN = 2000;

/**
 * Any duplication, delay, batch cut and interleaving of any history ends in its final state, whatever restarts, zombies and
 * replays take part in it. Histories share one table: each has ids of its own, and sequences above all before it.
 */
export function convergence(bench: Bench): fc.IAsyncProperty<[Journey]> {
  let run = 0;
  return fc.asyncProperty(journeys, async ({ events, steps }) => {
    run += 1;
    const history = playHistory(events, run);
    await new Courier(bench, history).deliver(steps);
    for (const [id, row] of history.end) expect(await bench.read(id)).toEqual(row);
  });
}

export function describeConvergence(name: string, start: () => Promise<Bench>): void {
  test(
    `any delivery of any history ends in its final state (${RUNS} histories)`,
    async () => {
      process.stderr.write(`histories of ${name}: SLUICE_TEST_SEED=${SEED}\n`);
      await fc.assert(convergence(await start()), { numRuns: RUNS, seed: SEED });
    },
    60_000 + RUNS * MS_PER_RUN,
  );
}

/** Brings the records of one history to the store, by the processes that a step names. */
class Courier {
  readonly #bench: Bench;
  readonly #history: History;
  readonly #delivered = new Set<number>();

  constructor(bench: Bench, history: History) {
    this.#bench = bench;
    this.#history = history;
  }

  async deliver(steps: readonly DeliveryStep[]): Promise<void> {
    for (const { way, records } of steps) {
      if (way === 'restart') await this.#bench.restart();
      // A process that has lost its partition can only be late: what it holds, the new owner has read.
      const late = way === 'zombie' ? records.filter((place) => this.#delivered.has(place)) : [];
      await this.#write(late, (batch) => this.#bench.writeLate(...batch));
      await this.#write(
        records.filter((place) => !late.includes(place)),
        (batch) => (way === 'replay' ? this.#replay(batch) : this.#bench.write(...batch)),
      );
    }
  }

  async #write(places: readonly number[], write: (batch: readonly Delivery[]) => unknown): Promise<void> {
    for (const place of places) this.#delivered.add(place);
    const deliveries = places.flatMap((place) => this.#history.log[place]?.delivery ?? []);
    const partitions = Map.groupBy(deliveries, ({ partition }) => partition);
    for (const batch of partitions.values()) for (const part of asTheKitCuts(batch)) await write(part);
  }

  async #replay(batch: readonly Delivery[]): Promise<void> {
    for (const delivery of batch) await this.#bench.replay(delivery);
  }
}

/** Records of one partition as a sink gets them: rows with no key twice, control records alone. */
export function* asTheKitCuts(batch: readonly Delivery[]): Generator<readonly Delivery[]> {
  let rows: RowDelivery[] = [];
  for (const delivery of batch) {
    if (isRow(delivery)) {
      rows.push(delivery);
      continue;
    }
    if (rows.length > 0) yield coalesce(rows).winners;
    yield [delivery];
    rows = [];
  }
  if (rows.length > 0) yield coalesce(rows).winners;
}
