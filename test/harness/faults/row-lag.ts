import { setTimeout as delay } from 'node:timers/promises';
import type { SinkName } from '../pipelines/sink-pipeline.ts';
import type { FaultPipeline } from './fault-pipeline.ts';
import type { PacedRows } from './paced-rows.ts';
import { Session } from './session.ts';

const LOOK_MS = 200;
/** Rows asked for at once. */
const WINDOW = 1000;

/**
 * How far a store is behind, by the rows' own time: again and again, the age of the oldest row of `paced` that the source has
 * acknowledged and the store does not hold; 0 when it holds all.
 */
export class RowLag {
  /** Seconds, by the last look. */
  now = Number.POSITIVE_INFINITY;
  /** Seconds, the largest of all looks. */
  most = 0;
  readonly #pipeline: FaultPipeline;
  readonly #sink: SinkName;
  readonly #rows: PacedRows;
  readonly #source: Session;
  /** Every row up to this id is in the store. */
  #held = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(pipeline: FaultPipeline, sink: SinkName, rows: PacedRows) {
    this.#pipeline = pipeline;
    this.#sink = sink;
    this.#rows = rows;
    this.#source = new Session(pipeline.servers.source, pipeline.name);
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    this.#source.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.now = await this.#look(this.#rows.written);
      this.most = Math.max(this.most, this.now);
      await delay(LOOK_MS);
    }
  }

  /** Seconds; a store that is away holds nothing more than before. */
  async #look(written: number): Promise<number> {
    const view = this.#pipeline.views[this.#sink];
    while (this.#held < written) {
      const ids = Array.from(
        { length: Math.min(WINDOW, written - this.#held) },
        (_, place) => this.#held + 1 + place,
      );
      const found = await view.read('paced', ids).catch(() => new Map());
      const missing = ids.find((id) => !found.has(id));
      if (missing !== undefined) {
        this.#held = missing - 1;
        return this.#ageOf(missing);
      }
      this.#held += ids.length;
    }
    return 0;
  }

  /** By the clock of the source. */
  async #ageOf(id: number): Promise<number> {
    const [row] = await this.#source.rows(
      `SELECT TIMESTAMPDIFF(MICROSECOND, writtenAt, NOW(6)) / 1e6 AS age FROM paced WHERE id = ${id}`,
    );
    return Number(row?.['age'] ?? 0);
  }
}
