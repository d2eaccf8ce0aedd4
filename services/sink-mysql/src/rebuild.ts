import { parseTableId } from '@sluice/envelope';
import { acquire, toPipelineError, type PoolConnection } from '@sluice/mysql';
import { ownNameOf, parseSection } from '@sluice/runtime';
import { fillingSink, type OpenRebuild, type RebuiltTables } from '@sluice/sink-kit/rebuild';
import { mysqlSinkSchema, targetDatabase } from './config.ts';
import { targetPool } from './mysql-driver.ts';
import { mysqlSink } from './mysql-sink.ts';
import { mergeGuards } from './merge-guards.ts';
import { missingRights } from './rebuild-rights.ts';
import { RebuildRecords } from './rebuild-records.ts';
import { STATE_TABLES } from './state-tables.ts';
import {
  areSwapped,
  complete,
  dropTables,
  filledDatabase,
  NAME_MAX,
  refusalOf,
  swapTables,
  tablePlaces,
} from './table-swap.ts';

/** Beside each database another one, whose tables take the places of the first one's by RENAME TABLE. */
export const openRebuild: OpenRebuild = ({ config: file, name: sink }) => {
  const config = parseSection(file, ['sinks', sink], mysqlSinkSchema);
  const pool = targetPool(config, `sinks.${sink}`);
  const records = new RebuildRecords(config.stateDatabase, `${file.pipeline}.${sink}`);
  // Two sinks may have one `stateDatabase`.
  const stateDatabase = `${filledDatabase(config.stateDatabase)}_${sink}`;
  const placesOf = (tables: RebuiltTables) => tablePlaces(config, tables);
  const run = async <T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> => {
    try {
      const connection = await acquire(pool, config.password);
      try {
        return await work(connection);
      } finally {
        connection.release();
      }
    } catch (error) {
      if (error instanceof RangeError) throw error;
      throw toPipelineError(error);
    }
  };
  return Promise.resolve({
    load: () => run((connection) => records.load(connection)),
    save: (record, before) => run((connection) => records.save(connection, record, before)),
    settings: ({ tables }) => {
      const databases = tables.map((id) => {
        const { database } = parseTableId(id);
        return [database, filledDatabase(targetDatabase(config, database))] as const;
      });
      return { databases: Object.fromEntries(databases), stateDatabase };
    },
    refusal: (tables) =>
      run(async (connection) => {
        const places = placesOf(tables);
        const databases = places.flatMap(({ used, filled, kept }) =>
          [used, filled, kept].map(({ database }) => database),
        );
        const rights = await missingRights(connection, config.user, new Set([...databases, stateDatabase]));
        if (stateDatabase.length > NAME_MAX)
          return `${stateDatabase}: a name of more than ${NAME_MAX} characters`;
        return rights ?? (await refusalOf(connection, places));
      }),
    fill: (context, name) => fillingSink(mysqlSink, context, name, ownNameOf(file, sink)),
    complete: (tables) =>
      run(async (connection) => {
        const lacking: string[] = [];
        for (const places of placesOf(tables)) lacking.push(...(await complete(connection, places)));
        return lacking;
      }),
    isSwapped: (tables) => run((connection) => areSwapped(connection, placesOf(tables))),
    swap: (record) =>
      run(async (connection) => {
        await mergeGuards(connection, stateDatabase, config.stateDatabase);
        return swapTables(connection, placesOf(record));
      }),
    discard: (tables) =>
      run(async (connection) => {
        const state = STATE_TABLES.map((table) => ({ database: stateDatabase, table }));
        await dropTables(connection, [...placesOf(tables).map(({ filled }) => filled), ...state]);
      }),
    removeKept: (tables) =>
      run((connection) =>
        dropTables(
          connection,
          placesOf(tables).map(({ kept }) => kept),
        ),
      ),
    close: () => pool.end(),
  });
};
