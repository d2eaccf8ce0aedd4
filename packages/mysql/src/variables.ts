import type { Connection, RowDataPacket } from 'mysql2/promise';
import { toPipelineError } from './errors.ts';
import { parseVersion, type ServerVersion } from './version.ts';

/**
 * Global values of server variables, by the names asked for. One that the server does not know is absent: names differ
 * between flavours and versions. Throws a PipelineError with a MYSQL_… code.
 */
export async function readVariables(
  connection: Pick<Connection, 'query'>,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  try {
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: 'SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)',
      values: [names],
      rowsAsArray: true,
    });
    return new Map(rows.map((row) => [String(row[0]).toLowerCase(), String(row[1])]));
  } catch (error) {
    throw toPipelineError(error);
  }
}

/** Flavour and version of the server. Throws a PipelineError with a MYSQL_… code. */
export async function readVersion(connection: Pick<Connection, 'query'>): Promise<ServerVersion> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>({ sql: 'SELECT @@version', rowsAsArray: true });
    return parseVersion(String(rows[0]?.[0]));
  } catch (error) {
    throw toPipelineError(error);
  }
}
