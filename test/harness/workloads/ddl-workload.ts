import { setTimeout as delay } from 'node:timers/promises';
import { describeMysqlError, type Connection } from '@sluice/mysql';
import { DDL_KINDS, DdlModel, type DdlKind } from './ddl-model.ts';
import { SeededRandom } from '@sluice/seeded-random';
import type { SourceDatabase } from '../pipelines/source-database.ts';

/**
 * What writers meet when a table is changed under them: no such table, no such column, another definition than the one
 * that was begun with, deadlock, lock wait, a value that the new type refuses, the wrong number of values.
 */
const OVERTAKEN = new Set([1146, 1054, 1412, 1213, 1205, 1366, 1265, 1264, 1292, 1406, 1136, 1062]);
const WRITERS = 2;
/** For the kinds of change that a slow server has not come to. */
const PATIENCE_SECONDS = 60;

export interface DdlTotals {
  readonly transactions: number;
  readonly statements: Readonly<Partial<Record<DdlKind, number>>>;
}

/** Writers on connections of their own, and beside them one that changes the tables, a random change after the other. */
export class DdlWorkload {
  readonly #database: SourceDatabase;
  readonly #seed: number;
  readonly #model: DdlModel;
  readonly #statements: Partial<Record<DdlKind, number>> = {};
  /** The newest key given out. */
  #id = 0;
  #transactions = 0;

  constructor(database: SourceDatabase, seed: number) {
    this.#database = database;
    this.#seed = seed;
    this.#model = new DdlModel(new SeededRandom(seed));
  }

  /** Names that no table has now. */
  get freeNames(): readonly string[] {
    return this.#model.freeNames;
  }

  async createTables(count: number): Promise<void> {
    for (let made = 0; made < count; made++) {
      const step = this.#model.step('create table');
      await this.#database.run(...(step?.statements ?? []));
      step?.done();
    }
  }

  /** Runs for `seconds`, or until every kind of change has been made once. */
  async run(seconds: number): Promise<DdlTotals> {
    const stop = new AbortController();
    const writers = Array.from({ length: WRITERS }, (_, index) => this.#write(index + 1, stop.signal));
    const random = new SeededRandom(this.#seed + 100);
    const begun = performance.now();
    const passed = (): number => (performance.now() - begun) / 1000;
    const pauseMs = Math.min(1500, (seconds * 1000) / (3 * DDL_KINDS.length));
    try {
      while (passed() < seconds || (this.#lacking !== undefined && passed() < seconds + PATIENCE_SECONDS)) {
        await delay(random.integer(0, 2 * pauseMs));
        const any = DDL_KINDS[random.integer(0, DDL_KINDS.length - 1)] ?? 'truncate';
        await this.#change(random.chance(0.5) ? (this.#lacking ?? any) : any);
      }
    } finally {
      stop.abort();
      await Promise.all(writers);
    }
    return { transactions: this.#transactions, statements: this.#statements };
  }

  /** A kind of change that was not made yet. */
  get #lacking(): DdlKind | undefined {
    return DDL_KINDS.find((kind) => this.#statements[kind] === undefined);
  }

  async #change(kind: DdlKind): Promise<void> {
    const step = this.#model.step(kind);
    if (step === null) return;
    const isDone = await overtaken(async () => this.#database.run(...step.statements));
    if (!isDone) return;
    step.done();
    this.#statements[kind] = (this.#statements[kind] ?? 0) + 1;
  }

  async #write(writer: number, signal: AbortSignal): Promise<void> {
    const random = new SeededRandom(this.#seed + writer);
    const connection = await this.#database.connect();
    while (!signal.aborted) {
      const isDone = await overtaken(() => this.#transaction(connection, random));
      if (isDone) this.#transactions++;
      else await connection.query('ROLLBACK');
      await delay(random.integer(0, 20));
    }
  }

  async #transaction(connection: Connection, random: SeededRandom): Promise<void> {
    await connection.query('BEGIN');
    for (let left = random.integer(1, 4); left > 0; left--) {
      const { tables } = this.#model;
      const table = tables[random.integer(0, tables.length - 1)];
      if (table !== undefined) await connection.query(this.#rowStatement(table, random));
    }
    await connection.query(random.chance(0.1) ? 'ROLLBACK' : 'COMMIT');
  }

  #rowStatement(table: string, random: SeededRandom): string {
    const columns = this.#model.columnsOf(table);
    const value = (column: string): string => this.#model.literal(random, table, column);
    const first = random.integer(1, this.#id + 1);
    const range = `id BETWEEN ${first} AND ${first + random.integer(0, 20)}`;
    const chance = random.next();
    const [column = 'id'] = columns;
    if (chance < 0.5 || column === 'id') {
      const rows = Array.from(
        { length: random.integer(1, 5) },
        () => `(${[++this.#id, ...columns.map(value)].join(', ')})`,
      );
      return `INSERT INTO ${table} (${['id', ...columns].join(', ')}) VALUES ${rows.join(', ')}`;
    }
    if (chance < 0.8) return `UPDATE ${table} SET ${column} = ${value(column)} WHERE ${range}`;
    if (chance < 0.9) return `UPDATE ${table} SET id = ${++this.#id} WHERE ${range} LIMIT 1`;
    return `DELETE FROM ${table} WHERE ${range}`;
  }
}

/** False when another change came first. */
async function overtaken(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (OVERTAKEN.has(describeMysqlError(error).errno ?? 0)) return false;
    throw error;
  }
}
