import type { Connection, RowDataPacket } from 'mysql2/promise';
import { describeMysqlError, toPipelineError } from './errors.ts';
import type { Flavour } from './version.ts';

/** What a server tells of the account that is connected; null: it does not tell this account. */
export interface AccountFacts {
  /** When the password was set last, in milliseconds since 1970. */
  readonly passwordSetMs: number | null;
  /** When the server's certificate ends, in milliseconds since 1970; null also without TLS. */
  readonly certificateEndsMs: number | null;
}

/** The password of an account stands where administrators may read only: MySQL `mysql.user`, MariaDB `mysql.global_priv`. */
const PASSWORD_SET: Readonly<Record<Flavour, string>> = {
  mysql: `SELECT UNIX_TIMESTAMP(password_last_changed) AS seconds FROM mysql.user
    WHERE CONCAT(User, '@', Host) = CURRENT_USER()`,
  mariadb: `SELECT JSON_VALUE(Priv, '$.password_last_changed') AS seconds FROM mysql.global_priv
    WHERE CONCAT(User, '@', Host) = CURRENT_USER()`,
};
const NOT_TOLD: ReadonlySet<string> = new Set([
  'privilege',
  'database-unknown',
  'table-unknown',
  'column-unknown',
]);

/** Throws a PipelineError with a MYSQL_… code when the server does not answer. */
export async function readAccountFacts(
  connection: Pick<Connection, 'query'>,
  flavour: Flavour,
): Promise<AccountFacts> {
  const seconds = Number(await valueOf(connection, PASSWORD_SET[flavour], 'seconds'));
  const ends = await valueOf(connection, "SHOW SESSION STATUS LIKE 'Ssl_server_not_after'", 'Value');
  return {
    passwordSetMs: seconds > 0 ? seconds * 1000 : null,
    certificateEndsMs: endOf(typeof ends === 'string' ? ends : ''),
  };
}

/** As OpenSSL writes it: `Nov 29 21:00:00 2027 GMT`; empty without TLS. */
function endOf(text: string): number | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

async function valueOf(connection: Pick<Connection, 'query'>, sql: string, column: string): Promise<unknown> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows[0]?.[column] ?? null;
  } catch (error) {
    if (NOT_TOLD.has(describeMysqlError(error).kind)) return null;
    throw toPipelineError(error);
  }
}
