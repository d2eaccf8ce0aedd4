import { setTimeout as delay } from 'node:timers/promises';
import { SINK_NAMES, type SinkName } from '../pipelines/sink-pipeline.ts';
import type { StoreView } from './store-views.ts';

const LOOK_MS = 100;
const SHOWN = 5;

interface Watched {
  readonly table: string;
  readonly ids: readonly number[];
  readonly lives: Readonly<Record<SinkName, number>>;
}

/** Looks at some rows in every store again and again: what a store knows of a row may never become older, but in another life of the store. */
export class SequenceWatch {
  /** What became older, one line each. */
  readonly falls: string[] = [];
  /** Looks that a store has answered. */
  readonly looks: Record<SinkName, number> = { redis: 0, elasticsearch: 0, mysql: 0 };
  readonly #newest = new Map<string, string>();
  #stopped = false;
  readonly #runs: Promise<void>[];

  /** `lives`: how often each store was emptied. */
  constructor(
    views: Readonly<Record<SinkName, StoreView>>,
    table: string,
    ids: readonly number[],
    lives: Readonly<Record<SinkName, number>>,
  ) {
    this.#runs = SINK_NAMES.map((sink) => this.#watch(sink, views[sink], { table, ids, lives }));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#runs);
  }

  async #watch(sink: SinkName, view: StoreView, { table, ids, lives }: Watched): Promise<void> {
    while (!this.#stopped) {
      const life = lives[sink];
      // A store that is away says nothing.
      const rows = await view.read(table, ids).catch(() => null);
      if (rows !== null) {
        this.looks[sink]++;
        // A look that was under way when the store was emptied may be of before or behind it.
        if (life === lives[sink])
          for (const [id, { sequence }] of rows) this.#see(`${sink} ${table} ${id}`, life, sequence);
      }
      await delay(LOOK_MS);
    }
  }

  #see(what: string, life: number, sequence: string): void {
    const key = `${what} ${life}`;
    const before = this.#newest.get(key) ?? '';
    if (sequence < before && this.falls.length < SHOWN)
      this.falls.push(`${what}: ${sequence} after ${before}`);
    if (sequence > before) this.#newest.set(key, sequence);
  }
}
