import type { TableMap } from '@sluice/binlog';
import { readTable, type TableDescription } from '@sluice/mysql';
import { PipelineError, type Logger } from '@sluice/runtime';
import type { CaptureSettings } from './capture-settings.ts';
import { prepareTopics } from './prepare-topics.ts';
import type { Source } from './source/source.ts';
import type { SnapshotBook } from './state/snapshot-book.ts';
import type { TableRegistry } from './state/table-registry.ts';
import { tableId } from './state/table.ts';
import type { ColumnBook } from './state/column-book.ts';
import type { TableName } from './stream/ddl.ts';
import type { Announcement, TableRoutes } from './stream/table-routes.ts';

export interface NewTablesParts {
  readonly settings: CaptureSettings;
  readonly source: Source;
  readonly registry: TableRegistry;
  readonly routes: TableRoutes;
  readonly columnBook: ColumnBook;
  /** Number of data topics when this life began. */
  readonly topics: number;
  readonly book: SnapshotBook;
  /** Whether a table waits for an operator, by `database.table`. */
  readonly isStopped: (id: string) => boolean;
  /** Makes the book durable, at the place where the stream is now. */
  readonly publishCheckpoint: () => Promise<void>;
  readonly log: Logger;
}

/** Sees to captured tables that came into being, or got their names, while the stream was read. */
export class NewTables {
  readonly #parts: NewTablesParts;

  constructor(parts: NewTablesParts) {
    this.#parts = parts;
  }

  /**
   * Makes the topics of the tables that wait for them. Throws TABLE_APPEARED when a table stands there with rows that
   * are not in the stream: the next life takes its snapshot.
   */
  async settle(announcement: () => Announcement): Promise<void> {
    const { settings, routes, registry, topics, log } = this.#parts;
    await this.#renewColumns(announcement);
    this.#noteNames();
    await this.#askForDoubtful();
    await this.#oweChanged();
    if (routes.waiting.length === 0) return;
    for (const map of routes.waiting) await this.#lookAt(map);
    const tables = routes.waiting.filter(({ database, table }) => !registry.isAdmitted(database, table));
    if (tables.length > 0)
      await prepareTopics(settings, registry, { tables, others: topics, internal: false }, log);
    routes.settle(announcement);
  }

  async #lookAt(map: TableMap): Promise<void> {
    const { columnBook, book } = this.#parts;
    const { database, table } = map;
    const isOpen = columnBook.lacks(map);
    const id = tableId(database, table);
    if (!isOpen && book.knows(id)) return;
    const description = await this.#describe(database, table);
    if (!book.knows(id)) this.#noteNew(map, description !== null);
    if (isOpen) columnBook.learn(map, description);
  }

  /** Before the next checkpoint: a later life will not meet the statement again, only what the history says. */
  async #renewColumns(announcement: () => Announcement): Promise<void> {
    const { registry, routes, columnBook } = this.#parts;
    const named = columnBook.toRenew;
    columnBook.toRenew = [];
    for (const { database, table } of named) {
      const description = await this.#describe(database, table);
      const shape = description === null ? null : columnBook.renewed(description);
      const isReady = routes.captures(database, table) && registry.isAdmitted(database, table);
      if (shape !== null && isReady) routes.open(shape, announcement);
    }
  }

  /** A table that the stream saw being made has all its rows in the stream, and one that is gone has none: no snapshot. */
  #noteNew({ database, table }: TableName, exists: boolean): void {
    const { book, registry, routes, settings } = this.#parts;
    const id = tableId(database, table);
    if (registry.isAdmitted(database, table)) return; // known when this life began: it owes what it owes
    const isWhole = routes.wasCreated(database, table) || settings.config.snapshot.mode === 'never';
    if (!isWhole && exists) throw appeared(id);
    book.noteWhole(id);
  }

  /**
   * What was read of a table is worth nothing once its name is given up. One that gets the name by a CREATE is empty, and all
   * its rows are in the stream; what only a statement before this life can have given up is read again.
   */
  #noteNames(): void {
    const { book, routes, registry, isStopped } = this.#parts;
    const { givenUp, created } = routes;
    routes.givenUp = [];
    routes.created = [];
    for (const { database, table } of givenUp) book.forget(tableId(database, table));
    for (const { name, isNew } of created) {
      const id = tableId(name.database, name.table);
      if (book.knows(id) || isStopped(id) || !registry.isAdmitted(name.database, name.table)) continue;
      if (isNew) book.noteWhole(id);
      else routes.renamedTo.push(name);
    }
  }

  /** Durable before the next life begins: it would meet the statement again, for ever. */
  async #oweChanged(): Promise<void> {
    const { book, routes, settings, publishCheckpoint } = this.#parts;
    const idOf = ({ database, table }: TableName): string => tableId(database, table);
    const renamed = routes.renamedTo.map(idOf);
    // One whose snapshot has not begun is read as it is then.
    const altered = routes.altered.map(idOf).filter((id) => book.hasBegun(id) && !renamed.includes(id));
    const named = routes.renamedTo;
    routes.renamedTo = [];
    routes.altered = [];
    const [first] = [...renamed, ...altered];
    if (first === undefined) return;
    if (settings.config.snapshot.mode === 'never') return this.#askForStopped(named);
    for (const id of [...renamed, ...altered]) book.forget(id);
    await publishCheckpoint();
    throw renamed.length > 0 ? appeared(first) : changed(first);
  }

  /** The stream passes over rows of a stopped table: it is read when it goes on, also where nothing else is. */
  async #askForStopped(named: readonly TableName[]): Promise<void> {
    const { isStopped } = this.#parts;
    await this.#askFor(named.filter(({ database, table }) => isStopped(tableId(database, table))));
  }

  /** Rows of an XA transaction came when nobody knew of its commit: tables that went on before it are read once more. */
  async #askForDoubtful(): Promise<void> {
    const { routes, isStopped } = this.#parts;
    const named = routes.inDoubt;
    routes.inDoubt = [];
    await this.#askFor(named.filter(({ database, table }) => !isStopped(tableId(database, table))));
  }

  async #askFor(named: readonly TableName[]): Promise<void> {
    const { book, publishCheckpoint } = this.#parts;
    for (const { database, table } of named)
      book.request({ database, table, condition: null, reconcile: true, requestedAt: Date.now() });
    if (named.length > 0) await publishCheckpoint();
  }

  async #describe(database: string, table: string): Promise<TableDescription | null> {
    const connection = await this.#parts.source.connect();
    try {
      return await readTable(connection, database, table);
    } finally {
      connection.destroy();
    }
  }
}

function appeared(id: string): PipelineError {
  return new PipelineError(
    'TABLE_APPEARED',
    `Table ${id} came into being with rows that are not in the stream.`,
    {
      context: { table: id },
    },
  );
}

function changed(id: string): PipelineError {
  return new PipelineError(
    'TABLE_ALTERED',
    `Table ${id} was altered: its rows are read again, because an ALTER leaves no trace of what it makes of them.`,
    { context: { table: id } },
  );
}
