import { setTimeout as delay } from 'node:timers/promises';
import type { JsonValue } from '@sluice/envelope';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, type TestTopic } from '@sluice/sink-kit/testing';
import { expect, test } from 'vitest';
import { clusterFixture, column, id, never, topicOf } from './cluster-fixture.ts';
import type { ElasticsearchSink } from '../src/elasticsearch-sink.ts';

/** Tables that are altered again and again while partitions fall behind, come again and change hands. */

const { client, index, worker, documents } = await clusterFixture();
const HISTORIES = Number(process.env['SLUICE_INDEX_HISTORIES'] ?? 3);
const PARTITIONS = [0, 1, 2] as const;
const CHANGES = 6;
const ROWS = 12;
/** Each is another kind of field. */
const TYPES = ['int', 'varchar(9)', 'json', 'datetime'] as const;
type ColumnType = (typeof TYPES)[number];

const VALUES: Readonly<Record<ColumnType, (random: SeededRandom) => JsonValue>> = {
  int: (random) => random.integer(1, 999),
  'varchar(9)': (random) => `x${random.integer(1, 999)}`,
  json: (random) => ({ a: random.integer(1, 999) }),
  datetime: (random) => `20${random.integer(10, 37)}-01-01T00:00:00.000000Z`,
};

interface History {
  /** What each partition has, in order. */
  readonly logs: readonly Delivery[][];
  /** By document id, the rows that are there at the end. */
  readonly rows: ReadonlyMap<string, JsonValue>;
}

class HistoryMaker {
  readonly logs: Delivery[][] = PARTITIONS.map(() => []);
  readonly rows = new Map<number, JsonValue>();
  readonly #random: SeededRandom;
  readonly #database: string;
  #step = 0;
  #type: ColumnType = 'int';

  constructor(random: SeededRandom, database: string) {
    this.#random = random;
    this.#database = database;
  }

  make(): History {
    this.#schema('create');
    for (let change = 0; change < CHANGES; change += 1) {
      this.#changeRows();
      if (this.#random.chance(0.3)) this.#truncate();
      const kind = this.#random.pick(['retype', 'same', 'drop'] as const);
      if (kind === 'drop') {
        this.#schema('drop');
        this.#truncate();
      }
      if (kind !== 'same') this.#type = this.#random.pick(TYPES);
      this.#schema(kind === 'retype' ? 'breaking' : 'create');
      if (kind === 'retype') this.#readAgain();
    }
    this.#changeRows();
    const rows = new Map([...this.rows].map(([key, value]) => [JSON.stringify({ id: key }), value]));
    return { logs: this.logs, rows };
  }

  #topic(partition: number): TestTopic {
    return topicOf({ database: this.#database, columns: [id, column('v', this.#type)], partition });
  }

  #schema(change: 'create' | 'breaking' | 'drop'): void {
    const sequence = sequenceAt((this.#step += 10));
    for (const partition of PARTITIONS)
      this.logs[partition]?.push(
        this.#topic(partition).schema(sequence, { change, policy: 'apply', partitions: PARTITIONS.length }),
      );
  }

  #truncate(): void {
    const sequence = sequenceAt((this.#step += 10));
    for (const partition of PARTITIONS) this.logs[partition]?.push(this.#topic(partition).truncate(sequence));
    this.rows.clear();
  }

  #changeRows(): void {
    for (let left = this.#random.integer(0, ROWS); left > 0; left -= 1) {
      const key = this.#random.integer(1, ROWS);
      const isGone = this.rows.has(key) && this.#random.chance(0.3);
      const value = isGone ? (this.rows.get(key) ?? null) : VALUES[this.#type](this.#random);
      const operation = isGone ? 'DELETE' : this.rows.has(key) ? 'UPDATE' : 'INSERT';
      this.#row(operation, key, value);
      if (isGone) this.rows.delete(key);
      else this.rows.set(key, value);
    }
  }

  /** The rows as the new type has them. */
  #readAgain(): void {
    for (const key of this.rows.keys()) {
      const value = VALUES[this.#type](this.#random);
      this.#row('SNAPSHOT', key, value);
      this.rows.set(key, value);
    }
  }

  #row(operation: 'INSERT' | 'UPDATE' | 'DELETE' | 'SNAPSHOT', key: number, value: JsonValue): void {
    const partition = key % PARTITIONS.length;
    const sequence = sequenceAt((this.#step += 1));
    this.logs[partition]?.push(
      this.#topic(partition).row({ operation, sequence, row: { id: key, v: value } }),
    );
  }
}

/** One partition: every record in order, some of them again, by one process or the other. */
async function follow(
  log: readonly Delivery[],
  sinks: readonly ElasticsearchSink[],
  random: SeededRandom,
): Promise<void> {
  let sink = random.pick(sinks);
  let committed = 0;
  let tries = 0;
  for (let at = 0; at < log.length;) {
    const record = log[at];
    if (record === undefined) return;
    // As when the partition goes to another process in the middle of a request: the cluster may carry it out, whenever.
    const signal = random.chance('change' in record.envelope.payload ? 0.3 : 0.05)
      ? AbortSignal.timeout(random.integer(1, 60))
      : never;
    const [outcome] = await sink.write([record], signal).catch((error: unknown) => {
      return [{ kind: 'failed', error: error as Error } as const];
    });
    if (signal.aborted) {
      sink = random.pick(sinks);
      at = committed;
      continue;
    }
    if (outcome?.kind === 'failed') {
      tries += 1;
      expect(tries, `${outcome.error.message} at ${record.envelope.payload.sequence}`).toBeLessThan(400);
      await delay(random.integer(1, 40));
      if (random.chance(0.95)) continue;
      sink = random.pick(sinks);
      at = committed;
      continue;
    }
    tries = 0;
    at += 1;
    if (random.chance(0.1)) committed = at;
    if (!random.chance(0.04)) continue;
    sink = random.pick(sinks);
    at = committed;
  }
}

test.each(Array.from({ length: HISTORIES }, (_, at) => at))(
  'history %i of ALTERs, drops and truncates ends equal',
  async (at) => {
    const seed = announceSeed(`index history ${at}`);
    const random = new SeededRandom(seed);
    const { logs, rows } = new HistoryMaker(random, `h${at}`).make();
    const sinks = [worker(), worker()];
    await Promise.all(
      logs.map((log, partition) => follow(log, sinks, new SeededRandom(seed + partition + 1))),
    );
    const found = await documents(`${index(`h${at}.orders`)}.live`);
    expect(Object.fromEntries(Object.entries(found).map(([key, row]) => [key, row['v']]))).toEqual(
      Object.fromEntries(rows),
    );
    const indexes = await client.indices.get({ index: `${index(`h${at}.orders`)}*` });
    expect(Object.keys(indexes)).toHaveLength(1);
  },
  120_000,
);
