import type { Row, SchemaColumn } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import type { Delivery } from '@sluice/sink-kit';
import {
  asTheKitCuts,
  deliverySteps,
  routes,
  RUNS,
  SEED,
  sequenceAt,
  TestTopic,
} from '@sluice/sink-kit/testing';
import fc from 'fast-check';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { TargetFixture } from './target-fixture.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());
const never = new AbortController().signal;

const KEYS = 3;
const PARTITIONS = 2;
const STEPS = 1000;
const VALUES = ['a', 'b', null] as const;
const columns: readonly SchemaColumn[] = [
  { name: 'id', type: 'int', nullable: false, charset: null },
  { name: 'seat', type: 'varchar(40)', nullable: true, charset: 'utf8mb4' },
];

/** A row takes a value that is unique; whoever has it takes the row's own in return. `gone` deletes the row. */
interface Change {
  readonly key: number;
  readonly seat: (typeof VALUES)[number] | 'gone';
}

const change: fc.Arbitrary<Change> = fc.record({
  key: fc.nat(KEYS - 1),
  seat: fc.constantFrom(...VALUES, 'gone' as const),
});
const journeys = fc.record({ changes: fc.array(change, { minLength: 1, maxLength: 10 }), route: routes() });

/** Plays the changes, one row at a time, so that the value is unique at each moment, as a server demands. */
class Seats {
  readonly log: Delivery[] = [];
  readonly rows = new Map<number, string | null>();
  readonly #run: number;
  readonly #topics = Array.from({ length: PARTITIONS }, (_, partition) => seatsTopic(partition));

  constructor(run: number, changes: readonly Change[]) {
    this.#run = run;
    for (const { key, seat } of changes) this.#play(run * KEYS + key, seat);
  }

  #play(id: number, seat: Change['seat']): void {
    if (seat === 'gone') {
      if (this.rows.has(id)) this.#put('DELETE', id, this.rows.get(id) ?? null);
      return;
    }
    const wanted = seat === null ? null : `${this.#run} ${seat}`;
    const own = this.rows.get(id) ?? null;
    const holder = [...this.rows].find(([other, value]) => other !== id && value === wanted);
    const swaps = holder !== undefined && wanted !== null;
    if (swaps) this.#put('UPDATE', holder[0], null);
    this.#put(this.rows.has(id) ? 'UPDATE' : 'INSERT', id, wanted);
    if (swaps && own !== wanted) this.#put('UPDATE', holder[0], own);
  }

  #put(operation: 'INSERT' | 'UPDATE' | 'DELETE', id: number, seat: string | null): void {
    const topic = this.#topics[id % PARTITIONS] as TestTopic;
    const sequence = sequenceAt(this.#run * STEPS + this.log.length + 1);
    this.log.push(topic.row({ operation, sequence, row: { id, seat } }));
    if (operation === 'DELETE') this.rows.delete(id);
    else this.rows.set(id, seat);
  }
}

function seatsTopic(partition: number): TestTopic {
  return new TestTopic({ database: 'shop', table: 'seats', columns, keyColumns: ['id'], partition });
}

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('%s', (name, server) => {
  test(
    `any history of rows that swap unique values ends right, however it is delivered (${RUNS} histories)`,
    async () => {
      process.stderr.write(`unique values on ${name}: SLUICE_TEST_SEED=${SEED}\n`);
      const fixture = await TargetFixture.create(server, 'shop');
      onTestFinished(() => fixture.remove());
      const first = fixture.sink();
      await first.open(never);
      await first.write([seatsTopic(0).schema(sequenceAt(1))], never);
      await first.close();
      await fixture.reader.query(`ALTER TABLE ${fixture.table('seats')} ADD UNIQUE KEY (seat)`);
      const sink = fixture.sink();
      onTestFinished(() => sink.close());
      await sink.open(never);
      let run = 0;
      const property = fc.asyncProperty(journeys, async ({ changes, route }) => {
        run += 1;
        const { log, rows } = new Seats(run, changes);
        for (const { records } of deliverySteps(log.length, route)) {
          const batch = records.flatMap((place) => log[place] ?? []);
          for (const part of Map.groupBy(batch, ({ partition }) => partition).values())
            for (const written of asTheKitCuts(part)) await sink.write(written, never);
        }
        const ids = [run * KEYS, (run + 1) * KEYS - 1];
        const found = await fixture.rows(
          `SELECT id, seat FROM ${fixture.table('seats')} WHERE id BETWEEN ? AND ? ORDER BY id`,
          ids,
        );
        const end: Row[] = [...rows].map(([id, seat]) => ({ id, seat }));
        expect(found).toEqual(end.toSorted((a, b) => Number(a['id']) - Number(b['id'])));
      });
      await fc.assert(property, { numRuns: RUNS, seed: SEED });
    },
    60_000 + RUNS * 2000,
  );
});
