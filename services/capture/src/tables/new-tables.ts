import type { TableMap } from '@sluice/binlog';
import { parseTableId, tableId, type TableName } from '@sluice/envelope';
import { readTable, type Connection, type TableDescription } from '@sluice/mysql';
import type { Logger, SluiceConfig, PreflightProblem } from '@sluice/runtime';
import { appeared, OwedTables, type OwedTablesParts } from './owed-tables.ts';
import { prepareTopics } from '../catalog/prepare-topics.ts';
import { exposureOf, hiddenTable, refusalOf, type RefusedTable } from '../preflight/refused-tables.ts';
import { findGone, type Gone } from '../catalog/gone.ts';
import { findHidden } from '../catalog/hidden.ts';
import type { Source } from '../source/source.ts';
import type { BookServer, ColumnBook } from '../catalog/column-book.ts';
import { createTableFilter } from '../model/table-filter.ts';
import type { DdlReporter } from '../stream/ddl-reporter.ts';
import type { Announcement } from '../encode/announcement.ts';
import { UnseenChanges } from './unseen-changes.ts';

export interface NewTablesParts extends Omit<OwedTablesParts, 'isRefused'> {
  readonly source: Source;
  readonly server: BookServer;
  readonly ddl: DdlReporter;
  readonly columnBook: ColumnBook;
  /** Number of data topics when this life began. */
  readonly topics: number;
  /** Tables that could not be captured when this life began. */
  readonly refused: readonly RefusedTable[];
  /** Hears of a table that cannot be captured, when its first row in this life is met. */
  readonly onRefused: (table: RefusedTable) => void;
  readonly log: Logger;
}

/** Answers of the server that may contradict each other, while a table is dropped and made again. */
const LOOKS_MAX = 3;

/** Sees to captured tables that came into being, or got their names, while the stream was read. */
export class NewTables {
  readonly #parts: NewTablesParts;
  readonly #owed: OwedTables;
  readonly #unseen: UnseenChanges;
  readonly #refused: Map<string, RefusedTable>;
  /** Tables that can be captured again, and no statement said so: rows of them were passed over. */
  #mended: TableName[] = [];

  constructor(parts: NewTablesParts) {
    this.#parts = parts;
    this.#owed = new OwedTables({ ...parts, isRefused: (id) => this.#refused.has(id) });
    const describe = (database: string, table: string): Promise<TableDescription | null> =>
      this.#describe(database, table);
    this.#unseen = new UnseenChanges({ ...parts, describe });
    this.#refused = new Map(parts.refused.map((table) => [table.id, table]));
  }

  /** Tables that are left alone, because they cannot be captured as they are. */
  get refused(): readonly RefusedTable[] {
    return [...this.#refused.values()];
  }

  isRefused(id: string): boolean {
    return this.#refused.has(id);
  }

  /**
   * Makes the topics of the tables that wait for them. Throws TABLE_APPEARED or TABLE_ALTERED when a table has rows that are
   * not in the stream: the next life takes its snapshot.
   */
  async settle(announcement: () => Announcement): Promise<void> {
    const { settings, routes, registry, topics, log } = this.#parts;
    await this.#renewColumns(announcement);
    this.#forgetGone();
    this.#noteFound([...routes.created.map(({ name }) => name), ...routes.renamedTo, ...routes.waiting]);
    await this.#owed.settle();
    if (routes.waiting.length === 0) return;
    for (const map of routes.waiting) await this.#lookAt(map);
    const tables = routes.waiting.filter(({ database, table }) => !registry.isAdmitted(database, table));
    if (tables.length > 0)
      await prepareTopics(settings, registry, { tables, others: topics, internal: false }, log);
    const unseen = await this.#unseen.find(routes.waiting);
    this.#unseen.tell(unseen, announcement);
    routes.settle(announcement);
    const mended = this.#mended;
    this.#mended = [];
    await this.#owed.readAgain([...unseen, ...mended]);
  }

  /** What is gone is not left alone any more. */
  #forgetGone(): void {
    const { routes } = this.#parts;
    for (const { database, table } of routes.givenUp) this.#refused.delete(tableId(database, table));
    const databases = new Set(routes.droppedDatabases);
    routes.droppedDatabases = [];
    if (databases.size === 0) return;
    for (const { id, code } of this.#refused.values()) {
      const { database } = parseTableId(id);
      if (code !== 'PATTERN_WITHOUT_TABLE' && databases.has(database)) this.#refused.delete(id);
    }
  }

  /** A pattern that had no table has one now. */
  #noteFound(tables: readonly TableName[]): void {
    for (const { id, code } of this.#refused.values()) {
      if (code !== 'PATTERN_WITHOUT_TABLE') continue;
      const filter = createTableFilter([id], []);
      if (tables.some(({ database, table }) => filter.captures(database, table))) this.#refused.delete(id);
    }
  }

  async #lookAt(map: TableMap): Promise<void> {
    const { columnBook, book, routes } = this.#parts;
    const { database, table } = map;
    const isOpen = columnBook.lacks(map);
    const id = tableId(database, table);
    const isAsBefore = !routes.hasOtherKey(map) && (isOpen || routes.unseenChange(map) === null);
    if (!isOpen && book.knows(id) && isAsBefore && !this.#refused.has(id)) return;
    const { description, hidden } = await this.#see(map);
    if (this.#refuses(map, description, hidden)) return;
    if (!book.knows(id)) this.#noteNew(map, description !== null);
    if (isOpen) await this.#learn(map, description);
  }

  /**
   * Whether the table cannot be captured: left alone until a statement changes it, which makes it be read. Of one that was
   * published before, rows are missing from then on: it is not whole any more.
   */
  #refuses(map: TableMap, description: TableDescription | null, hidden: PreflightProblem | null): boolean {
    const { settings, routes } = this.#parts;
    const id = tableId(map.database, map.table);
    const now = description === null ? null : refusalNow(settings.config, description);
    const unseen = hidden === null ? null : hiddenTable(map, hidden);
    const refusal = now ?? unseen ?? (routes.isKeyless(map) ? keyless(id) : null);
    if (refusal === null) {
      if (this.#refused.delete(id)) this.#mended.push({ database: map.database, table: map.table });
      return false;
    }
    this.#leaveAlone(map, refusal);
    return true;
  }

  #leaveAlone(map: TableMap, refusal: RefusedTable): void {
    const { book, routes, onRefused } = this.#parts;
    routes.passOver(map);
    book.forget(refusal.id);
    if (!this.#refused.has(refusal.id)) onRefused(refusal);
    this.#refused.set(refusal.id, refusal);
  }

  /** What the server shows of a table now. A table that is just being made again is looked at again. */
  async #see(map: TableMap): Promise<{
    readonly description: TableDescription | null;
    readonly hidden: PreflightProblem | null;
  }> {
    const { account } = this.#parts.source.facts;
    for (let look = 1; ; look++) {
      const description = await this.#describe(map.database, map.table);
      const hidden = await this.#ask((connection) => findHidden(connection, map, description, account));
      if (hidden === null || look === LOOKS_MAX) return { description, hidden };
    }
  }

  /** A column that the server has and does not tell the type of keeps its table from being captured. */
  async #learn(map: TableMap, first: TableDescription | null): Promise<void> {
    const { database, table } = map;
    let description = first;
    for (let look = 1; look <= LOOKS_MAX; look++) {
      const unknown = this.#parts.columnBook.learn(map, description);
      if (unknown.length === 0) return;
      const gone = await this.#ask((connection) => findGone(connection, map, unknown));
      if (gone !== null) return this.#goOnWithout(map, unknown, gone);
      description = await this.#describe(database, table);
    }
    this.#leaveAlone(map, columnUnknown(map));
  }

  /**
   * What the server has no more was dropped, renamed or altered further on in the stream: there its rows go, or are read
   * again. Until then columns that nobody knows are left out, and a table of which nothing was published stays unpublished.
   */
  #goOnWithout(map: TableMap, unknown: readonly string[], gone: NonNullable<Gone>): void {
    const { registry, routes, log } = this.#parts;
    const { database, table, columns, primaryKey } = map;
    const id = tableId(database, table);
    const isKeyKnown = primaryKey.every((ordinal) => !unknown.includes(columns[ordinal]?.name ?? ''));
    if (gone === 'table' && (registry.shapeOf(database, table) === null || !isKeyKnown)) {
      routes.passOver(map);
      log.warn(
        { event: 'capture.rows_passed_over', table: id },
        `rows of ${id} are not published: the source no longer has the table, and nothing tells its columns`,
      );
      return;
    }
    if (!isKeyKnown) return this.#leaveAlone(map, columnUnknown(map));
    log.warn(
      { event: 'capture.columns_left_out', table: id, columns: unknown },
      `columns of ${id} that the source no longer has are left out of its rows: nothing tells what they were`,
    );
  }

  /** Before the next checkpoint: a later life will not meet the statement again, only what the history says. */
  async #renewColumns(announcement: () => Announcement): Promise<void> {
    const { settings, registry, routes, columnBook } = this.#parts;
    const named = columnBook.toRenew;
    columnBook.toRenew = [];
    for (const { database, table } of named) {
      const description = await this.#describe(database, table);
      const isCapturable = description !== null && refusalNow(settings.config, description) === null;
      const shape = isCapturable ? columnBook.renewed(description) : null;
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

  async #describe(database: string, table: string): Promise<TableDescription | null> {
    return this.#ask((connection) => readTable(connection, database, table));
  }

  async #ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#parts.source.connect();
    try {
      return await question(connection);
    } finally {
      connection.destroy();
    }
  }
}

function refusalNow(config: SluiceConfig, description: TableDescription): RefusedTable | null {
  return refusalOf(config, description) ?? exposureOf(config, description);
}

/** It may have a key by now, or be gone. */
function keyless(id: string): RefusedTable {
  return { id, code: 'TABLE_WITHOUT_KEY', why: 'its rows were written when it had no primary key' };
}

function columnUnknown({ database, table }: TableName): RefusedTable {
  const why = 'its rows have a column of which nothing tells its type, or whether it is generated';
  return { id: tableId(database, table), code: 'COLUMN_TYPE_UNKNOWN', why };
}
