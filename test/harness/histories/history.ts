import { connect, describeMysqlError, quoteIdentifier, type Connection } from '@sluice/mysql';
import type { MysqlServer } from '@sluice/local-stack';
import { SeededRandom } from '@sluice/seeded-random';
import type { Dialect } from './dialect.ts';
import type { Disturbance } from './disturbance.ts';
import type { Ingredient } from './ingredients.ts';
import { insert } from './row-statements.ts';
import { objectStatements } from './server-objects.ts';
import { randomSession } from './session-settings.ts';
import { exchange, tableChange, unloggedAlter } from './table-changes.ts';
import { createTable, type Change, type ModelTable } from './table-model.ts';
import { transaction } from './transactions.ts';
import { TABLE_CHARSETS } from './value-types.ts';

/** A statement of a history, in the session it ran in. */
export interface Step {
  readonly session: number;
  readonly sql: string;
  /** Number of the server's error, when it refused the statement. */
  readonly refused?: number;
}

export interface HistoryPlace {
  readonly server: MysqlServer;
  readonly database: string;
}

export interface HistoryOptions {
  readonly seed: number;
  /** Transactions and changes of tables. */
  readonly length: number;
  readonly ingredients: ReadonlySet<Ingredient>;
  /** Of the services while it runs. */
  readonly disturbance: Disturbance;
}

const SESSIONS = 2;

/** What ran: enough to run it again, in whole or in part, in another database. */
export interface History {
  readonly seed: number;
  /** Of the database. */
  readonly charset: string;
  readonly disturbance: Disturbance;
  readonly steps: readonly Step[];
}

/** A statement that no replica is told of, so that source and replica need not be equal afterwards. */
export const hasUnlogged = ({ steps }: History): boolean =>
  steps.some(({ sql }) => sql.includes('sql_log_bin = 0'));

/** Makes a history as it goes, in a new database: what the server refuses has not changed the model. */
export async function runHistory(place: HistoryPlace, options: HistoryOptions): Promise<History> {
  const { seed, ingredients } = options;
  const random = new SeededRandom(seed);
  const base = { flavour: place.server.flavour, random, ingredients };
  const charset = ingredients.has('other charsets') ? random.pick(TABLE_CHARSETS) : 'utf8mb4';
  const runner = await StepRunner.open(place, charset);
  try {
    const dialects: Dialect[] = [];
    for (let session = 0; session < SESSIONS; session++) {
      const { statements, dialect } = randomSession(base);
      dialects.push(dialect);
      for (const sql of statements) await runner.run({ session, sql });
    }
    await new HistoryWriter(runner, dialects, random).write(options.length);
    return { seed, charset, disturbance: options.disturbance, steps: runner.steps };
  } finally {
    runner.close();
  }
}

/** Runs statements that are known already, each in its session, in a new database. */
export async function replayHistory(place: HistoryPlace, { charset, steps }: History): Promise<void> {
  const runner = await StepRunner.open(place, charset);
  try {
    for (const step of steps) await runner.run(step);
  } finally {
    runner.close();
  }
}

class HistoryWriter {
  readonly #runner: StepRunner;
  readonly #dialects: readonly Dialect[];
  readonly #random: SeededRandom;
  #tables: readonly ModelTable[] = [];

  constructor(runner: StepRunner, dialects: readonly Dialect[], random: SeededRandom) {
    this.#runner = runner;
    this.#dialects = dialects;
    this.#random = random;
  }

  async write(length: number): Promise<void> {
    for (let tries = 0; this.#tables.length < 2 && tries < 6; tries++) await this.#create();
    for (let left = length; left > 0 && this.#tables.length > 0; left--) {
      const session = this.#random.integer(0, SESSIONS - 1);
      const chance = this.#random.next();
      if (chance < 0.25) await this.#changeTables(session);
      else if (chance < 0.3)
        await this.#runAll(session, objectStatements(this.#dialect(session), this.#tables));
      else if (chance < 0.33) await this.#exchange(session);
      else await this.#runAll(session, transaction(this.#dialect(session), this.#tables));
    }
  }

  async #create(): Promise<void> {
    const change = createTable(this.#dialect(0), this.#tables);
    if (change === null || !(await this.#change(0, change))) return;
    const made = this.#tables.at(-1);
    if (made !== undefined) await this.#runner.run({ session: 0, sql: insert(this.#dialect(0), made) });
  }

  async #changeTables(session: number): Promise<void> {
    const dialect = this.#dialect(session);
    if (dialect.ingredients.has('unlogged') && this.#random.chance(0.05)) {
      const change = unloggedAlter(dialect, this.#random.pick(this.#tables), this.#tables);
      await this.#runner.run({ session, sql: 'SET SESSION sql_log_bin = 0' });
      if (change !== null) await this.#change(session, change);
      await this.#runner.run({ session, sql: 'SET SESSION sql_log_bin = 1' });
      return;
    }
    const change = tableChange(dialect, this.#tables);
    if (change !== null) await this.#change(session, change);
  }

  /** A partition for a table of the same shape, that is there for this alone, or stays. */
  async #exchange(session: number): Promise<void> {
    const table = this.#tables.find(({ isPartitioned, hasRanges }) => isPartitioned && hasRanges === true);
    if (table === undefined) return;
    const changes = exchange(this.#dialect(session), table, this.#tables);
    for (const change of changes) if (!(await this.#change(session, change))) return;
  }

  async #runAll(session: number, statements: readonly string[]): Promise<void> {
    for (const sql of statements) await this.#runner.run({ session, sql });
  }

  async #change(session: number, { sql, tables }: Change): Promise<boolean> {
    const isDone = await this.#runner.run({ session, sql });
    if (isDone) this.#tables = tables;
    return isDone;
  }

  #dialect(session: number): Dialect {
    const dialect = this.#dialects[session];
    if (dialect === undefined) throw new RangeError(`no session ${session}`);
    return dialect;
  }
}

/** Connections to a new database, one for each session; keeps what ran. */
class StepRunner {
  readonly steps: Step[] = [];
  readonly #connections: readonly Connection[];

  static async open({ server, database }: HistoryPlace, charset: string): Promise<StepRunner> {
    const options = { ...server, connectTimeoutMs: 10_000 };
    const connections = await Promise.all(Array.from({ length: SESSIONS }, () => connect(options)));
    const name = quoteIdentifier(database);
    await connections[0]?.query(`DROP DATABASE IF EXISTS ${name}`);
    await connections[0]?.query(`CREATE DATABASE ${name} CHARACTER SET ${charset}`);
    for (const connection of connections) await connection.query(`USE ${name}`);
    return new StepRunner(connections);
  }

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections;
  }

  /** False when the server refused it. Throws when the connection is gone. */
  async run(step: Step): Promise<boolean> {
    try {
      await this.#connections[step.session]?.query(step.sql);
      this.steps.push({ session: step.session, sql: step.sql });
      return true;
    } catch (error) {
      const { errno } = describeMysqlError(error);
      if (errno === null) throw error;
      this.steps.push({ session: step.session, sql: step.sql, refused: errno });
      return false;
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}
