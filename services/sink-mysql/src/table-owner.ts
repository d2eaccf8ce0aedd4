import { tableIdOf, type TableName } from '@sluice/envelope';
import { describeMysqlError, quoteTable, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import { SEQUENCE_COLUMN, whileLocked, type SqlDriver } from '@sluice/sql-sink';
import { mappedTable, targetTable, type TargetNames } from './config.ts';
import { CODES } from './errors.ts';
import { formerName, movedMessage, readMarkedTables, type MarkedTables } from './former-names.ts';
import { markSql, readMark, type OwnerMark } from './owner-mark.ts';

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
  readonly #config: TargetNames;
  readonly #context: Pick<SinkContext, 'prefix' | 'named' | 'section'>;
  /** By quoted name: the owner that the table itself names, as this process has seen it last. */
  readonly #seen = new Map<string, string>();
  /** Of tables that the account may not alter: who came first, in this process. */
  readonly #first = new Map<string, string>();
  /** By database: what was there when a table was first missed. */
  readonly #marked = new Map<string, MarkedTables>();

  constructor(config: TargetNames, context: Pick<SinkContext, 'prefix' | 'named' | 'section'>) {
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
      const moved = await this.#moved(connection, source);
      return moved === null ? OWN : { refusal: moved, isMarked: true };
    }
    const present = this.#note(source, comment);
    const first = present ?? this.#first.get(id) ?? owner;
    if (first !== owner) return { refusal: this.#refusal(source, first), isMarked: present !== null };
    if (this.#seen.has(id)) return OWN;
    const isMarked = await mark(connection, id, this.#markOf(source));
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
    if (comment === null) return await this.#moved(connection, source);
    const owner = this.#ownerOf(source);
    const present = this.#note(source, comment) ?? owner;
    return present === owner ? null : this.#refusal(source, present);
  }

  /** The next to ask looks at the table again. */
  forget(source: TableName): void {
    this.#seen.delete(this.#idOf(source));
    this.#marked.clear();
  }

  forgetAll(): void {
    this.#seen.clear();
    this.#marked.clear();
  }

  /** The owner that a table names, or null. One that says another name was renamed since, and is to be marked again. */
  #note(source: TableName, comment: string): string | null {
    const id = this.#idOf(source);
    this.#seen.delete(id);
    const mark = readMark(comment);
    if (mark === null) return null;
    if (mark.name === this.#markOf(source).name) this.#seen.set(id, mark.owner);
    return mark.owner;
  }

  /** Why a table may not be made: its rows are in another one, which would stay as it is. */
  async #moved(connection: PoolConnection, source: TableName): Promise<PipelineError | null> {
    const target = targetTable(this.#config, source);
    const known = target.table === source.table ? this.#marked.get(target.database) : undefined;
    const marked = known ?? (await readMarkedTables(connection, target.database));
    this.#marked.set(target.database, marked);
    const owner = this.#ownerOf(source);
    const former = formerName(marked, { owner, source: source.table, name: target.table });
    if (former === null) return null;
    this.#marked.delete(target.database);
    const message = movedMessage(tableIdOf(source), former, target, this.#context.section);
    return new PipelineError(CODES.TARGET_TABLE_REFUSED, message);
  }

  /** Null where the table, or Sluice's column in it, is not there. Throws as `targetTable`. */
  async #comment(connection: PoolConnection, source: TableName): Promise<string | null> {
    const { database, table } = targetTable(this.#config, source);
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: 'SELECT COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND COLUMN_NAME = ?',
      values: [database, table, SEQUENCE_COLUMN],
      rowsAsArray: true,
    });
    return rows[0] === undefined ? null : String(rows[0][0]);
  }

  #refusal(source: TableName, present: string): PipelineError {
    const [id, mark, { section }] = [this.#idOf(source), this.#markOf(source), this.#context];
    return new PipelineError(
      CODES.TARGET_TABLE_REFUSED,
      `${id} is the copy of ${present}, not of ${mark.owner}: map one of the two to another database (\`${section}.databases\`), or put {database} into \`${section}.tableTemplate\`; if the other no longer exists: ${markSql(id, mark)}`,
    );
  }

  #markOf(source: TableName): OwnerMark {
    const { table } = mappedTable(this.#config, source);
    return { owner: this.#ownerOf(source), name: table === source.table ? null : table };
  }

  #ownerOf(source: TableName): string {
    const { prefix, named } = this.#context;
    return `${prefix}.${tableIdOf(source)}${named === null ? '' : ` of sink ${named}`}`;
  }

  #idOf(source: TableName): string {
    const { database, table } = mappedTable(this.#config, source);
    return quoteTable(database, table);
  }
}

/** False when the account may not. */
async function mark(connection: PoolConnection, id: string, owned: OwnerMark): Promise<boolean> {
  try {
    await connection.query(markSql(id, owned));
    return true;
  } catch (error) {
    if (describeMysqlError(error).kind === 'privilege') return false;
    throw error;
  }
}
