import type { Connection, RowDataPacket } from 'mysql2/promise';
import { toPipelineError } from '@sluice/mysql';
import { DEFAULT_SIZES, DEMO_SESSION, insertFirstRows } from './shop-data.ts';
import { SHOP_TABLES } from './shop-schema.ts';

/** A table of this name in a database says: its rows may be removed and changed by a load. Capture never captures it. */
export const LOAD_MARK = 'sluice_load_allowed';

/** Why a database is not given to a load. */
export class LoadRefused extends Error {}

/** On every table that a load has made. One of the same name without it is somebody's own, and is never touched. */
const OWN_COMMENT = 'made by sluice load';

/** Where a load would write, and what it would remove there. */
export interface LoadPlace {
  /** Tables of an earlier load, whose rows are removed. */
  readonly emptied: readonly string[];
}

/**
 * Whether a database is given to a load; changes nothing. Throws a PipelineError with a MYSQL_… code, and LoadRefused for one that is not
 * there, is not marked, or has a table that no load has made.
 */
export async function lookForLoad(connection: Connection, database: string): Promise<LoadPlace> {
  const [rows] = await connection
    .query<RowDataPacket[]>(
      'SELECT TABLE_NAME AS name, TABLE_COMMENT AS comment FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
      [database],
    )
    .catch((error: unknown) => Promise.reject(toPipelineError(error)));
  const tables = new Map(rows.map((row) => [String(row['name']), String(row['comment'])]));
  const refusal = whyRefused(database, tables);
  if (refusal !== null) throw new LoadRefused(refusal);
  return { emptied: [...tables.keys()].filter((name) => name !== LOAD_MARK) };
}

/**
 * Fills a marked database with the first rows of the shop, in the place of those of an earlier load. It drops nothing. Throws as `lookForLoad`.
 * @param seed as for `createShop` @returns the number of rows written
 */
export async function fillForLoad(connection: Connection, database: string, seed: number): Promise<number> {
  const { emptied } = await lookForLoad(connection, database);
  try {
    await connection.query(DEMO_SESSION);
    await connection.query(`USE ${connection.escapeId(database)}`);
    for (const { name, ddl } of SHOP_TABLES) {
      if (emptied.includes(name)) await connection.query(`TRUNCATE TABLE ${name}`);
      else await connection.query(`${ddl} COMMENT = '${OWN_COMMENT}'`);
    }
    return await insertFirstRows(connection, { seed, sizes: DEFAULT_SIZES });
  } catch (error) {
    throw toPipelineError(error);
  }
}

/** @param tables all of the database, with their comments @returns null: the load may begin */
export function whyRefused(database: string, tables: ReadonlyMap<string, string>): string | null {
  const others = [...tables].flatMap(([name, comment]) =>
    name === LOAD_MARK || comment === OWN_COMMENT ? [] : [name],
  );
  if (others.length > 0)
    return `the database ${database} has tables that no load has made (${others.slice(0, 5).join(', ')}): take a database of its own`;
  if (tables.has(LOAD_MARK)) return null;
  return `the database ${database} is not marked for a load, which removes and changes rows there: CREATE DATABASE IF NOT EXISTS \`${database}\`; CREATE TABLE \`${database}\`.${LOAD_MARK} (id INT PRIMARY KEY) marks it`;
}
