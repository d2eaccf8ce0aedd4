import { errors } from '@elastic/elasticsearch';
import type { SinkPipeline, SinkName } from '../pipelines/sink-pipeline.ts';

/** Rows that nobody changes, from this id on. */
export const RESTING_FROM = 1_000_000;

/** Of one look at Redis. */
const KEYS_MAX = 5000;

/** Counts the resting rows of a table in one store, again and again, as an application reads them. */
export class SteadyReader {
  /** Looks that have found all rows. */
  looks = 0;
  /** What a look has found that did not find all. */
  readonly misses: string[] = [];
  /** Looks that a store was too busy to answer: they have found nothing out. */
  refused = 0;
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(pipeline: SinkPipeline, sink: SinkName, table: string, rows: number) {
    this.#done = this.#run(() => restingRows(pipeline, sink, table, rows, this.looks), rows);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #run(look: () => Promise<number>, rows: number): Promise<void> {
    while (!this.#isStopped) {
      const found = await look().catch((error: unknown) => (isRefusal(error) ? null : String(error)));
      if (found === null) this.refused += 1;
      else if (found === rows) this.looks += 1;
      else this.misses.push(`${new Date().toISOString()}: ${found} of ${rows}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Elasticsearch, whose heap is full for a moment. */
function isRefusal(error: unknown): boolean {
  return error instanceof errors.ResponseError && error.statusCode === 429;
}

/**
 * How many resting rows a store holds, as its readers look: by the alias, by the name of the table, by the keys. Of Redis each look is at
 * the next few thousand keys, and takes the others for found.
 */
export async function restingRows(
  { stores, name }: SinkPipeline,
  sink: SinkName,
  table: string,
  rows: number,
  look = 0,
): Promise<number> {
  if (sink === 'elasticsearch') {
    const query = { range: { id: { gte: RESTING_FROM } } };
    return (await stores.elasticsearch.count({ index: `${stores.index(table)}.live`, query })).count;
  }
  if (sink === 'mysql') {
    const sql = `SELECT COUNT(*) AS found FROM ${stores.targetDatabase}.${table} WHERE id >= ${RESTING_FROM}`;
    const [found] = await stores.target.query(sql);
    return Number((found as unknown as readonly { readonly found: number }[])[0]?.found);
  }
  const looked = Math.min(rows, KEYS_MAX);
  const first = look * looked;
  const keys = Array.from(
    { length: looked },
    (_, index) => `${name}.${table}:${RESTING_FROM + ((first + index) % rows)}`,
  );
  return (await stores.redis.exists(...keys)) + rows - looked;
}

/** As `restingRows`; of Redis the last few thousand keys, which a snapshot writes last. */
export function lastRows(
  pipeline: SinkPipeline,
  sink: SinkName,
  table: string,
  rows: number,
): Promise<number> {
  return restingRows(pipeline, sink, table, rows, Math.ceil(rows / KEYS_MAX) - 1);
}
