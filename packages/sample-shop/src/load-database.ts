import type { Connection, RowDataPacket } from 'mysql2/promise';
import { toPipelineError } from '@sluice/mysql';
import { DEFAULT_SIZES, DEMO_SESSION, insertFirstRows } from './shop-data.ts';
import { SHOP_TABLES } from './shop-schema.ts';

/** A table of this name in a database says: its rows may be removed and changed by a load. Capture never captures it. */
export const LOAD_MARK = 'sluice_load_allowed';

/** Why a database is not given to a load. */
export class LoadRefused extends Error {}

/**
 * Fills a database that is marked for it with the first rows of the shop, in the place of those of an earlier load. It never drops anything, and
 * touches no table but the shop's. Throws a PipelineError with a MYSQL_… code, and LoadRefused for a database that is not there, is not marked, or has tables of somebody else.
 * @param seed as for `createShop` @returns the number of rows written
 */
export async function fillForLoad(connection: Connection, database: string, seed: number): Promise<number> {
  try {
    return await fill(connection, database, seed);
  } catch (error) {
    throw error instanceof LoadRefused ? error : toPipelineError(error);
  }
}

async function fill(connection: Connection, database: string, seed: number): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [database],
  );
  const there = new Set(rows.map((row) => String(row['name'])));
  const refusal = whyRefused(database, there);
  if (refusal !== null) throw new LoadRefused(refusal);
  await connection.query(DEMO_SESSION);
  await connection.query(`USE ${connection.escapeId(database)}`);
  for (const { name, ddl } of SHOP_TABLES) {
    if (there.has(name)) await connection.query(`TRUNCATE TABLE ${name}`);
    else await connection.query(ddl);
  }
  return insertFirstRows(connection, { seed, sizes: DEFAULT_SIZES });
}

/** @param tables all of the database @returns null: the load may begin */
export function whyRefused(database: string, tables: ReadonlySet<string>): string | null {
  const mark = `CREATE DATABASE IF NOT EXISTS \`${database}\`; CREATE TABLE \`${database}\`.${LOAD_MARK} (id INT PRIMARY KEY)`;
  if (!tables.has(LOAD_MARK))
    return `the database ${database} is not marked for a load, which removes and changes rows there: ${mark} marks it`;
  const own = new Set([LOAD_MARK, ...SHOP_TABLES.map(({ name }) => name)]);
  const others = [...tables].filter((name) => !own.has(name));
  if (others.length === 0) return null;
  return `the database ${database} is marked for a load, and has tables that are none of it (${others.slice(0, 5).join(', ')}): take a database of its own`;
}
