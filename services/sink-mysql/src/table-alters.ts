import { describeMysqlError, type PoolConnection } from '@sluice/mysql';
import { definitionError } from './definition-error.ts';
import { CODES } from './errors.ts';

/** MySQL 8.0.29 to 9.7 for DROP COLUMN at once (ALGORITHM=INSTANT), whose hidden name for a long name is too long. */
const UPDATING_DICTIONARY = 3507;
/** As every session, but for the strictness. */
const LENIENT_MODE = 'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES';

/**
 * Runs ALTERs. The server finishes one that takes longer than its connection is lent for (`transactionTimeoutMs`), and nobody
 * hears of its end. One that has to be run again had failed there: a value of a large table that does not convert is found after
 * minutes, and the strict session that finds it would be given up each time.
 */
export class TableAlters {
  /** The statements without an answer so far, by table. */
  readonly #unanswered = new Map<string, string>();

  /** Strict first, unless this very statement was given up before. Throws what the server says, also without strictness. */
  async run(connection: PoolConnection, id: string, statement: string): Promise<void> {
    const isStrict = this.#unanswered.get(id) !== statement;
    this.#unanswered.set(id, statement);
    try {
      await (isStrict ? alter(connection, id, statement) : leniently(connection, statement));
    } catch (error) {
      if (describeMysqlError(error).kind !== 'unreachable') this.#unanswered.delete(id);
      throw error;
    }
    this.#unanswered.delete(id);
  }
}

async function alter(connection: PoolConnection, id: string, statement: string): Promise<void> {
  try {
    await connection.query(statement);
  } catch (error) {
    if (describeMysqlError(error).errno === UPDATING_DICTIONARY) {
      await connection.query(`${statement}, ALGORITHM=COPY`);
    } else if (definitionError(error, id).code === CODES.TARGET_TABLE_REFUSED) {
      await leniently(connection, statement);
    } else throw error;
  }
}

/** Runs an ALTER in a session that is not strict. */
async function leniently(connection: PoolConnection, statement: string): Promise<void> {
  await connection.query(`SET @sluice_sql_mode = @@SESSION.sql_mode, SESSION sql_mode = '${LENIENT_MODE}'`);
  try {
    await connection.query(statement);
  } finally {
    await connection.query('SET SESSION sql_mode = @sluice_sql_mode');
  }
}
