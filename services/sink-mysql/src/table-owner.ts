import { tableId, type TableName } from '@sluice/envelope';
import {
  describeMysqlError,
  quote,
  quoteTable,
  type PoolConnection,
  type RowDataPacket,
} from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import { SEQUENCE_COLUMN, whileLocked, type SqlDriver } from '@sluice/sql-sink';
import { mappedDatabase, targetDatabase, type MysqlSinkConfig } from './config.ts';
import { SEQUENCE_DEFINITION } from './table-definition.ts';
import { CODES } from './errors.ts';

const MARK = 'sluice: ';

/** Why a table of the target may not be touched for a table of the source, and whether the target says so itself. */
export interface Claim {
  /** Null: it may. */
  readonly refusal: PipelineError | null;
  /** False where the account may not write down whose copy the table is. */
  readonly isMarked: boolean;
}

const OWN: Claim = { refusal: null, isMarked: true };
const UNMARKED: Claim = { refusal: null, isMarked: false };

/**
 * Whose copy a table of the target is, as the comment of Sluice's own column says: two pipelines, two sinks of one, two source
 * databases that `databases` maps to one, and names that differ in case on a server that ignores it would mix their rows otherwise.
 * Every record asks, not the schema records alone: a topic may have lost those to its retention.
 */
export class TableOwners {
  readonly #config: Pick<MysqlSinkConfig, 'databases' | 'stateDatabase'>;
  readonly #context: Pick<SinkContext, 'prefix' | 'named' | 'section'>;
  /** By quoted name: the owner that the table itself names, as this process has seen it last. */
  readonly #seen = new Map<string, string>();
  /** Of tables that the account may not alter: who came first, in this process. */
  readonly #first = new Map<string, string>();

  constructor(
    config: Pick<MysqlSinkConfig, 'databases' | 'stateDatabase'>,
    context: Pick<SinkContext, 'prefix' | 'named' | 'section'>,
  ) {
    this.#config = config;
    this.#context = context;
  }

  /** Whether this process knows the target's table for the copy of this one; asks nobody. */
  isOwn(source: TableName): boolean {
    const [id, owner] = [this.#idOf(source), this.#ownerOf(source)];
    return (this.#seen.get(id) ?? this.#first.get(id)) === owner;
  }

  /**
   * A table without an owner gets this one, if the account may alter it; one that is not there yet is left to who makes it.
   * It commits: not inside a transaction, and of two who claim a table at once only one may be inside of this (`claimLocked`).
   */
  async claim(connection: PoolConnection, source: TableName): Promise<Claim> {
    const [id, owner] = [this.#idOf(source), this.#ownerOf(source)];
    const comment = await this.#comment(connection, source);
    if (comment === null) {
      this.#first.delete(id);
      return OWN;
    }
    const present = this.#note(id, comment);
    const first = present ?? this.#first.get(id) ?? owner;
    if (first !== owner) return { refusal: this.#refusal(id, owner, first), isMarked: present !== null };
    if (present !== null) return OWN;
    const isMarked = await mark(connection, id, owner);
    (isMarked ? this.#seen : this.#first).set(id, owner);
    return isMarked ? OWN : UNMARKED;
  }

  /** As `claim`, for who does not hold the table's lock. Resolves to why the table may not be touched, or null. */
  async claimLocked(
    driver: SqlDriver<PoolConnection>,
    connection: PoolConnection,
    source: TableName,
  ): Promise<PipelineError | null> {
    if (this.isOwn(source)) return null;
    const refusal = await this.refusalOf(connection, source);
    if (refusal !== null || this.isOwn(source)) return refusal;
    const claimed = await whileLocked(driver, connection, this.#idOf(source), () =>
      this.claim(connection, source),
    );
    return claimed.refusal;
  }

  /** Why the table may not be touched, or null; writes nothing. */
  async refusalOf(connection: PoolConnection, source: TableName): Promise<PipelineError | null> {
    const comment = await this.#comment(connection, source);
    if (comment === null) return null;
    const [id, owner] = [this.#idOf(source), this.#ownerOf(source)];
    const present = this.#note(id, comment) ?? owner;
    return present === owner ? null : this.#refusal(id, owner, present);
  }

  /** The next to ask looks at the table again. */
  forget(source: TableName): void {
    this.#seen.delete(this.#idOf(source));
  }

  forgetAll(): void {
    this.#seen.clear();
  }

  /** The owner that a table names, or null. */
  #note(id: string, comment: string): string | null {
    this.#seen.delete(id);
    if (!comment.startsWith(MARK)) return null;
    const owner = comment.slice(MARK.length);
    this.#seen.set(id, owner);
    return owner;
  }

  /** Null where the table, or Sluice's column in it, is not there. Throws as `targetDatabase`. */
  async #comment(connection: PoolConnection, { database, table }: TableName): Promise<string | null> {
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: 'SELECT COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND COLUMN_NAME = ?',
      values: [targetDatabase(this.#config, database), table, SEQUENCE_COLUMN],
      rowsAsArray: true,
    });
    return rows[0] === undefined ? null : String(rows[0][0]);
  }

  #refusal(id: string, owner: string, present: string): PipelineError {
    const { section } = this.#context;
    return new PipelineError(
      CODES.TARGET_TABLE_REFUSED,
      `${id} is the copy of ${present}, not of ${owner}: map one of the two to another database (\`${section}.databases\`); if the other no longer exists: ${markSql(id, owner)}`,
    );
  }

  #ownerOf({ database, table }: TableName): string {
    const { prefix, named } = this.#context;
    return `${prefix}.${tableId(database, table)}${named === null ? '' : ` of sink ${named}`}`;
  }

  #idOf({ database, table }: TableName): string {
    return quoteTable(mappedDatabase(this.#config, database), table);
  }
}

function markSql(id: string, owner: string): string {
  return `ALTER TABLE ${id} MODIFY COLUMN ${SEQUENCE_DEFINITION} COMMENT ${quote(MARK + owner)}`;
}

/** False when the account may not. */
async function mark(connection: PoolConnection, id: string, owner: string): Promise<boolean> {
  try {
    await connection.query(markSql(id, owner));
    return true;
  } catch (error) {
    if (describeMysqlError(error).kind === 'privilege') return false;
    throw error;
  }
}
