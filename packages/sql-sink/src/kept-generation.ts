import type { Generation } from '@sluice/envelope';
import type { GenerationStore } from '@sluice/sink-kit';
import type { SqlStore } from './driver.ts';
import type { Sessions } from './sessions.ts';

/** The newest generation whose rows the store has, by the prefix of the topics. */
export class KeptGeneration<C> implements GenerationStore {
  readonly #sessions: Sessions<C>;
  readonly #store: SqlStore<C>;
  readonly #table: string;
  readonly #prefix: string;

  constructor(sessions: Sessions<C>, store: SqlStore<C>, prefix: string) {
    this.#sessions = sessions;
    this.#store = store;
    this.#table = store.dialect.table(store.stateDatabase, 'sluice_generations');
    this.#prefix = prefix;
  }

  async read(): Promise<Generation | null> {
    const sql = `SELECT generation, generation_id FROM ${this.#table} WHERE topic_prefix = ?`;
    const [row] = await this.#sessions.runAlone((connection) =>
      this.#store.driver.rows(connection, sql, [this.#prefix]),
    );
    if (row === undefined) return null;
    const [number, id] = row.map(String);
    return { number: Number(number), id: id === undefined || id === '' ? null : id };
  }

  async keep({ number, id }: Generation): Promise<void> {
    const { driver, dialect } = this.#store;
    const updates = { generation: 'given', generation_id: 'given' } as const;
    const sql =
      `INSERT INTO ${this.#table} (topic_prefix, generation, generation_id) VALUES (?, ?, ?)` +
      dialect.onConflict(this.#table, ['topic_prefix'], updates);
    await this.#sessions.runAlone((connection) =>
      driver.change(connection, sql, [this.#prefix, number, id ?? '']),
    );
  }
}
