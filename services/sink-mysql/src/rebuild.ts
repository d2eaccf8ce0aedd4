import { parseTableId } from '@sluice/envelope';
import { acquire, toPipelineError, type PoolConnection } from '@sluice/mysql';
import { ownNameOf, parseSection, type RunningService, type ServiceContext } from '@sluice/runtime';
import {
  fillingSink,
  type OpenRebuild,
  type RebuildRecord,
  type RebuiltSink,
  type RebuiltTables,
  type StoreRebuild,
} from '@sluice/sink-kit/rebuild';
import { mysqlSinkSchema, targetDatabase, type MysqlSinkConfig } from './config.ts';
import { targetPool } from './mysql-driver.ts';
import { mysqlSink } from './mysql-sink.ts';
import { mergeGuards } from './merge-guards.ts';
import { missingRights } from './rebuild-rights.ts';
import { RebuildRecords } from './rebuild-records.ts';
import { STATE_TABLES } from './state-tables.ts';
import { TableOwners } from './table-owner.ts';
import {
  areSwapped,
  complete,
  dropTables,
  filledDatabase,
  refusalOf,
  swapTables,
  tablePlaces,
  type TablePlaces,
} from './table-swap.ts';
import { NAME_MAX } from './table-template.ts';

export const openRebuild: OpenRebuild = (sink) => Promise.resolve(new MysqlRebuild(sink));

/** Beside each database another one, whose tables take the places of the first one's by RENAME TABLE. */
class MysqlRebuild implements StoreRebuild {
  readonly #config: MysqlSinkConfig;
  readonly #pool: ReturnType<typeof targetPool>;
  readonly #records: RebuildRecords;
  /** Of the filling sink. Two sinks may have one `stateDatabase`. */
  readonly #stateDatabase: string;
  readonly #owner: string | null;
  readonly #owners: TableOwners;

  constructor({ config: file, name }: RebuiltSink) {
    this.#config = parseSection(file, ['sinks', name], mysqlSinkSchema);
    this.#pool = targetPool(this.#config, `sinks.${name}`);
    this.#records = new RebuildRecords(this.#config.stateDatabase, `${file.pipeline}.${name}`);
    this.#stateDatabase = `${filledDatabase(this.#config.stateDatabase)}_${name}`;
    this.#owner = ownNameOf(file, name);
    this.#owners = new TableOwners(this.#config, {
      prefix: file.topics.prefix,
      named: this.#owner,
      section: `sinks.${name}`,
    });
  }

  load(): Promise<RebuildRecord | null> {
    return this.#run((connection) => this.#records.load(connection));
  }

  save(record: RebuildRecord | null, before: RebuildRecord | null): Promise<boolean> {
    return this.#run((connection) => this.#records.save(connection, record, before));
  }

  settings({ tables }: RebuiltTables): Readonly<Record<string, unknown>> {
    const databases = tables.map((id) => {
      const { database } = parseTableId(id);
      return [database, filledDatabase(targetDatabase(this.#config, database))] as const;
    });
    return { databases: Object.fromEntries(databases), stateDatabase: this.#stateDatabase };
  }

  refusal(tables: RebuiltTables): Promise<string | null> {
    const places = this.#placesOf(tables);
    const used = places.flatMap((place) => [place.used, place.filled, place.kept]);
    const databases = new Set([...used.map(({ database }) => database), this.#stateDatabase]);
    return this.#run(async (connection) => {
      const rights = await missingRights(connection, this.#config.user, databases);
      if (this.#stateDatabase.length > NAME_MAX)
        return `${this.#stateDatabase}: a name of more than ${NAME_MAX} characters`;
      return rights ?? (await this.#notOwn(connection, tables)) ?? (await refusalOf(connection, places));
    });
  }

  /** Another's copy would be replaced, and rows under a former name would stay beside what is made. */
  async #notOwn(connection: PoolConnection, { tables }: RebuiltTables): Promise<string | null> {
    this.#owners.forgetAll();
    for (const id of tables) {
      const refusal = await this.#owners.refusalOf(connection, parseTableId(id));
      if (refusal !== null) return refusal.message;
    }
    return null;
  }

  fill(context: ServiceContext, name: string): RunningService {
    return fillingSink(mysqlSink, context, name, this.#owner);
  }

  complete(tables: RebuiltTables): Promise<readonly string[]> {
    return this.#run(async (connection) => {
      const lacking: string[] = [];
      for (const places of this.#placesOf(tables)) lacking.push(...(await complete(connection, places)));
      return lacking;
    });
  }

  isSwapped(tables: RebuiltTables): Promise<boolean> {
    return this.#run((connection) => areSwapped(connection, this.#placesOf(tables)));
  }

  swap(record: RebuildRecord): Promise<string | null> {
    return this.#run(async (connection) => {
      const refusal = await swapTables(connection, this.#placesOf(record));
      // Not before: as long as the old tables stay, what the new ones have shown is not in them.
      if (refusal === null) await this.#mergeGuards(connection);
      return refusal;
    });
  }

  discard(tables: RebuiltTables): Promise<void> {
    const filled = this.#placesOf(tables).map((places) => places.filled);
    const state = STATE_TABLES.map((table) => ({ database: this.#stateDatabase, table }));
    return this.#run(async (connection) => {
      // Who swapped may have been killed before it had told the sink.
      if (await areSwapped(connection, this.#placesOf(tables))) await this.#mergeGuards(connection);
      await dropTables(connection, [...filled, ...state]);
    });
  }

  removeKept(tables: RebuiltTables): Promise<void> {
    const kept = this.#placesOf(tables).map((places) => places.kept);
    return this.#run((connection) => dropTables(connection, kept));
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  #mergeGuards(connection: PoolConnection): Promise<void> {
    return mergeGuards(connection, this.#stateDatabase, this.#config.stateDatabase);
  }

  #placesOf(tables: RebuiltTables): TablePlaces[] {
    return tablePlaces(this.#config, tables);
  }

  async #run<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    try {
      const connection = await acquire(this.#pool, this.#config.password);
      try {
        return await work(connection);
      } finally {
        connection.release();
      }
    } catch (error) {
      if (error instanceof RangeError) throw error;
      throw toPipelineError(error);
    }
  }
}
