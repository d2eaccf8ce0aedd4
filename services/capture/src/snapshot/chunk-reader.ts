import { ByteWriter } from '@sluice/binlog';
import { tableIdOf, type TableName } from '@sluice/envelope';
import { readTable, toPipelineError, type TableDescription } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import type { StreamPosition } from '../model/position.ts';
import { mayReadAll } from '../catalog/select-grants.ts';
import { keepsRows } from '../model/engines.ts';
import type { ServerFlavour } from '../catalog/column-catalog.ts';
import type { ChunkRecorder } from '../stream/table-route.ts';
import type { TableRoutes } from '../stream/table-routes.ts';
import { isOutOfTime } from '../source/statement-time.ts';
import { estimateRows, whereOf } from './condition.ts';
import { SnapshotTable, type SelectedRow } from './snapshot-table.ts';
import type { Visibility } from './visibility.ts';
import type { StreamProgress } from '../source/stream-progress.ts';

export interface ChunkReaderOptions {
  readonly connection: Connection;
  readonly visibility: Visibility;
  readonly server: ServerFlavour;
  readonly routes: TableRoutes;
  /** `source.keys`. */
  readonly configuredKeys: Readonly<Record<string, readonly string[]>>;
  /** `snapshot.allowSql` */
  readonly allowsSql: boolean;
  /** `snapshot.statementSeconds` */
  readonly statementSeconds: number;
}

export interface Chunk {
  readonly table: SnapshotTable;
  readonly rows: readonly SelectedRow[];
  /** Record keys of the rows, as the recorder knows them. */
  readonly keys: readonly string[];
  /** Bytes of memory that the rows take. */
  readonly bytes: number;
  /** How long the SELECT took. */
  readonly milliseconds: number;
  /** Whether the table may hold rows behind these. */
  readonly more: boolean;
  /** Why nothing was read: the table is not as it was when it was asked for. */
  readonly refusal: PipelineError | null;
  readonly mark: StreamPosition;
}

/** Why there is no table to read: `unreadable` has lost its key, or its rows to another engine, or the account its privilege. */
export type NoTable = 'gone' | 'unreadable';

export interface ChunkRequest {
  readonly name: TableName;
  /** What a row must fulfil; null for all rows. */
  readonly condition: string | null;
  /** Already watching the table's rows in the stream. */
  readonly recorder: ChunkRecorder;
  readonly progress: StreamProgress;
  readonly limit: number;
  /** Where to go on in a table of this state, as SQL literals; null at its beginning. */
  readonly after: (table: SnapshotTable) => readonly string[] | null;
}

/**
 * Reads the rows of one table, page by page. What it knows of the table's columns was asked for while a chunk was being
 * read, and is good until the stream passes a DDL: a chunk that no DDL disturbs was selected with the right columns.
 */
export class ChunkReader {
  readonly #options: ChunkReaderOptions;
  readonly #scratch = new ByteWriter(256);
  #table: SnapshotTable | null = null;
  #ddlsPassed = -1;

  constructor(options: ChunkReaderOptions) {
    this.#options = options;
  }

  /** What was last known of the table may be wrong: the next chunk asks again. */
  forgetTable(): void {
    this.#table = null;
  }

  /** Throws a PipelineError when the source fails. */
  async read(request: ChunkRequest): Promise<Chunk | NoTable> {
    const { visibility, routes } = this.#options;
    const { ddlsPassed } = routes;
    if (ddlsPassed !== this.#ddlsPassed) this.forgetTable();
    this.#ddlsPassed = ddlsPassed;
    const { result, mark } = await visibility.read(request.progress, (lock) => this.#select(request, lock));
    if (typeof result === 'string') return result;
    const { table, rows } = result;
    const more = rows.length >= request.limit;
    const keys = table.keyTexts(rows, this.#scratch);
    request.recorder.compareWith(keys);
    return { ...result, keys, bytes: bytesOf(rows), more, mark };
  }

  /** As `describe`, before the first row is read: columns that the account may not see are not gone either. */
  async find(name: TableName): Promise<SnapshotTable | NoTable> {
    return (await mayReadAll(this.#options.connection, name)) ? this.describe(name) : 'unreadable';
  }

  /** The table's present state. What the source does not show is not gone. */
  async describe(name: TableName): Promise<SnapshotTable | NoTable> {
    const { connection, configuredKeys, server, routes } = this.#options;
    const description = await readTable(connection, name.database, name.table);
    if (description === null) return (await mayReadAll(connection, name)) ? 'gone' : 'unreadable';
    const key = configuredKeys[tableIdOf(name)];
    if (!keepsRows(description.engine)) return 'unreadable';
    if (!hasColumns(description, key ?? description.primaryKey)) return 'unreadable';
    return new SnapshotTable(description, key, server, (schema) => routes.compile(schema));
  }

  /** Rows there are to read, as the server guesses; null when it does not. */
  async estimate(table: SnapshotTable, condition: string | null): Promise<number | null> {
    const { connection, allowsSql } = this.#options;
    return estimateRows(connection, table.schema, whereOf(table, condition, allowsSql));
  }

  async #select(request: ChunkRequest, lock: boolean): Promise<SelectedPage | NoTable> {
    const { connection, allowsSql } = this.#options;
    const table = this.#table ?? (await this.describe(request.name));
    if (typeof table === 'string') return table;
    this.#table = table;
    const { limit } = request;
    const condition = whereOf(table, request.condition, allowsSql);
    const after = request.after(table);
    const sql = table.pageSql({ after, limit, condition, lock });
    const begun = performance.now();
    try {
      const [rows] = await connection.query({ sql, rowsAsArray: true, typeCast: false });
      const milliseconds = performance.now() - begun;
      return { table, rows: rows as unknown as SelectedRow[], milliseconds, refusal: null };
    } catch (error) {
      const failure = toPipelineError(error, condition === null ? 'connection' : 'item');
      if (failure.code === 'MYSQL_PRIVILEGE_MISSING' && !(await mayReadAll(connection, request.name)))
        return 'unreadable';
      if (isOutOfTime(failure) && condition !== null) throw this.#tooSlow(request.name, failure);
      if (!isOtherTable(failure) && !isOutOfTime(failure)) throw failure;
      // Altered or dropped between question and SELECT, or locked for long: nothing was read, and the next chunk asks again.
      request.recorder.disturbed = true;
      return { table, rows: [], milliseconds: 0, refusal: failure };
    }
  }

  /** Few rows fulfil it, and the server looks at all of them for each chunk. */
  #tooSlow(name: TableName, cause: PipelineError): PipelineError {
    const { statementSeconds } = this.#options;
    return new PipelineError(
      'SNAPSHOT_REFUSED',
      `A chunk of ${tableIdOf(name)} took longer than snapshot.statementSeconds (${statementSeconds}). Fix: give the columns of the condition an index, or raise the setting, then run sluice snapshot resume.`,
      { cause },
    );
  }
}

function hasColumns({ columns }: TableDescription, key: readonly string[]): boolean {
  return key.length > 0 && key.every((name) => columns.some(({ COLUMN_NAME }) => COLUMN_NAME === name));
}

interface SelectedPage {
  readonly table: SnapshotTable;
  readonly rows: readonly SelectedRow[];
  readonly milliseconds: number;
  readonly refusal: PipelineError | null;
}

/** ER_TABLE_DEF_CHANGED: altered since the consistent snapshot that is being read was taken. */
const DEFINITION_CHANGED = 1412;

const GONE: ReadonlySet<string> = new Set([
  'MYSQL_TABLE_UNKNOWN',
  'MYSQL_COLUMN_UNKNOWN',
  'MYSQL_DATABASE_UNKNOWN',
]);

function isOtherTable({ code, context }: PipelineError): boolean {
  return GONE.has(code) || context['errno'] === DEFINITION_CHANGED;
}

/** What a value takes beside its bytes: the object that holds them. */
const VALUE_BYTES = 100;

function bytesOf(rows: readonly SelectedRow[]): number {
  let bytes = 0;
  for (const row of rows) for (const value of row) bytes += VALUE_BYTES + (value?.length ?? 0);
  return bytes;
}
