import { setTimeout as delay } from 'node:timers/promises';
import type { SinkName, SinkPipeline } from '../pipelines/sink-pipeline.ts';

const EVERY_MS = 1000;
const MIB = 2 ** 20;

/** How much room the rows of a pipeline take in one store, looked at all the time. */
export class StoreSize {
  readonly #look: () => Promise<number>;
  readonly #over = new AbortController();
  readonly #done: Promise<void>;
  #first = 0;
  #most = 0;

  constructor(pipeline: SinkPipeline, sink: SinkName) {
    this.#look = () => storedBytes(pipeline, sink);
    this.#done = this.#run();
  }

  /** In MiB: at first, at most, now. */
  async told(): Promise<string> {
    const now = await this.#look();
    const [first, most, last] = [this.#first, Math.max(this.#most, now), now].map((bytes) =>
      (bytes / MIB).toFixed(1),
    );
    return `${first} MiB at first, ${most} at most, ${last} now`;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    this.#first = await this.#look();
    while (!this.#over.signal.aborted) {
      this.#most = Math.max(this.#most, await this.#look());
      await delay(EVERY_MS, undefined, { signal: this.#over.signal }).catch(() => undefined);
    }
  }
}

async function storedBytes({ stores, name }: SinkPipeline, sink: SinkName): Promise<number> {
  if (sink === 'redis') return Number(/used_memory:(\d+)/.exec(await stores.redis.info('memory'))?.[1]);
  if (sink === 'elasticsearch') {
    const { _all } = await stores.elasticsearch.indices.stats({ index: `${name}-*`, metric: 'store' });
    return _all.total?.store?.size_in_bytes ?? 0;
  }
  const [rows] = await stores.target.query(
    `SELECT /*+ SET_VAR(information_schema_stats_expiry = 0) */ SUM(DATA_LENGTH + INDEX_LENGTH) AS bytes
     FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE '${name}%'`,
  );
  return Number((rows as unknown as readonly { readonly bytes: string | number }[])[0]?.bytes);
}
