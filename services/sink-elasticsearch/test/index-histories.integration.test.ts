import { setTimeout as delay } from 'node:timers/promises';
import type { JsonValue } from '@sluice/envelope';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, type TestTopic } from '@sluice/sink-kit/testing';
import { expect, test } from 'vitest';
import { clusterFixture, column, id, topicOf } from './cluster-fixture.ts';
import type { ElasticsearchSink } from '../src/elasticsearch-sink.ts';

/** Tables that are altered again and again while partitions fall behind, come again and change hands. */

const { client, index, worker, documents } = await clusterFixture();
const HISTORIES = Number(process.env['SLUICE_INDEX_HISTORIES'] ?? 3);
const PARTITIONS = [0, 1, 2] as const;
const CHANGES = 6;
const ROWS = 12;
const COMMITTED = 0.1;
/** In a row, of one record; some wait for the other partitions. */
const TRIES = 400;
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

/** A process of the sink that is killed now and then, with all of its partitions. */
interface Mortal {
  readonly sink: ElasticsearchSink;
  life: AbortController;
}

async function killAgainAndAgain(
  processes: readonly Mortal[],
  random: SeededRandom,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    await delay(random.integer(20, 600));
    for (const one of random.chance(0.5) ? processes : [random.pick(processes)]) {
      one.life.abort();
      one.life = new AbortController();
    }
  }
}

/** One partition: every record in order, some of them again, by one process or the other. */
async function follow(
  log: readonly Delivery[],
  processes: readonly Mortal[],
  random: SeededRandom,
): Promise<void> {
  let committed = 0;
  let tries = 0;
  for (let at = committed, end = false; !end; at = committed) {
    const { sink, life } = random.pick(processes);
    for (; !life.signal.aborted;) {
      const record = log[at];
      if (record === undefined) {
        end = true;
        break;
      }
      // What is broken off may be carried out by the cluster, whenever.
      const [outcome] = await sink.write([record], life.signal).catch((error: unknown) => {
        return [{ kind: 'failed', error: error as Error } as const];
      });
      if (life.signal.aborted) break;
      if (outcome?.kind !== 'failed') {
        tries = 0;
        at += 1;
        if (random.chance(COMMITTED)) committed = at;
        continue;
      }
      tries += 1;
      expect(tries, `${outcome.error.message} at ${record.envelope.payload.sequence}`).toBeLessThan(TRIES);
      await delay(random.integer(1, 40));
    }
  }
}

test.each(Array.from({ length: HISTORIES }, (_, at) => at))(
  'history %i of ALTERs, drops and truncates ends equal',
  async (at) => {
    const seed = announceSeed(`index history ${at}`);
    const random = new SeededRandom(seed);
    const { logs, rows } = new HistoryMaker(random, `h${at}`).make();
    const processes = [worker(), worker()].map((sink) => ({ sink, life: new AbortController() }));
    const over = new AbortController();
    const killing = killAgainAndAgain(processes, new SeededRandom(seed + 50), over.signal);
    const following = logs.map((log, partition) =>
      follow(log, processes, new SeededRandom(seed + partition)),
    );
    await Promise.all(following).finally(() => over.abort());
    await killing;
    const found = await documents(`${index(`h${at}.orders`)}.live`);
    expect(Object.fromEntries(Object.entries(found).map(([key, row]) => [key, row['v']]))).toEqual(
      Object.fromEntries(rows),
    );
    const indexes = await client.indices.get({ index: `${index(`h${at}.orders`)}*` });
    expect(Object.keys(indexes)).toHaveLength(1);
  },
  120_000,
);
