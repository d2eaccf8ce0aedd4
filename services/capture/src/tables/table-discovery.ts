import type { TableMap } from '@sluice/binlog';
import { tableId, type TableName } from '@sluice/envelope';
import { readTable, type TableDescription } from '@sluice/mysql';
import type { Logger, PreflightProblem } from '@sluice/runtime';
import { askSource } from './ask-source.ts';
import { refusalNow } from '../preflight/examine-table.ts';
import { newcomerOf } from '../preflight/new-tables.ts';
import { hiddenTable, type RefusedTable } from '../preflight/refused-tables.ts';
import type { LoggedStatement } from '../ddl/ddl.ts';
import { wordsBehindNames } from '../ddl/words-behind-names.ts';
import { findGone, type Gone } from '../catalog/gone.ts';
import { findHidden } from '../catalog/hidden.ts';
import type { Source } from '../source/source.ts';
import type { ServerFlavour, ColumnCatalog } from '../catalog/column-catalog.ts';
import type { UncapturedTables } from './uncaptured-tables.ts';
import type { PendingSnapshots } from './pending-snapshots.ts';
import { UnseenChanges, type UnseenChangesParts } from './unseen-changes.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';

export interface TableDiscoveryParts extends Omit<UnseenChangesParts, 'describe'> {
  readonly settings: Pick<CaptureSettings, 'config'>;
  readonly source: Pick<Source, 'connect' | 'facts'>;
  readonly server: ServerFlavour;
  readonly columnCatalog: ColumnCatalog;
  readonly uncaptured: UncapturedTables;
  readonly owed: PendingSnapshots;
  /** Makes the topics of a table that has none. */
  readonly admit: (table: TableName) => Promise<void>;
  readonly log: Logger;
}

/** Answers of the server that may contradict each other, while a table is dropped and made again. */
const LOOKS_MAX = 3;

/** Gives a route to table maps that cannot have one at once: of new tables, and of those that are other than before. */
export class TableDiscovery {
  readonly #parts: TableDiscoveryParts;
  readonly #unseen: UnseenChanges;

  constructor(parts: TableDiscoveryParts) {
    this.#parts = parts;
    const describe = (database: string, table: string): Promise<TableDescription | null> =>
      this.#describe(database, table);
    this.#unseen = new UnseenChanges({ ...parts, describe });
  }

  /** Its rows are published from now on, or passed over. A table with rows that are not in the stream owes a snapshot. */
  async meet(map: TableMap): Promise<void> {
    const { routes, owed, uncaptured, admit, announcement } = this.#parts;
    const wasUncaptured = uncaptured.has(tableId(map.database, map.table));
    if (!(await this.#isTaken(map))) {
      routes.passOver(map);
      return;
    }
    await admit(map);
    const isUnseen = await this.#unseen.isUnexplained(map);
    if (isUnseen) this.#unseen.tell(map);
    routes.settle(map, announcement);
    if (isUnseen) owed.readAgain(map, 'its columns are other than before, and no statement says so');
    else if (wasUncaptured) owed.readAgain(map, 'it can be captured again');
  }

  /** Before the next checkpoint: a later session will not meet the statement again, only what the history says. */
  async renewColumns(
    { database, table }: TableName,
    alter: Pick<LoggedStatement, 'sql' | 'sqlMode'> | null,
  ): Promise<void> {
    const { settings, registry, routes, columnCatalog, announcement } = this.#parts;
    const description = await this.#describe(database, table);
    const isCapturable = description !== null && refusalNow(settings.config, description) === null;
    const { flavour } = this.#parts.server;
    const defined = alter === null ? null : wordsBehindNames(alter.sql, { flavour, sqlMode: alter.sqlMode });
    const schema = isCapturable ? columnCatalog.renewed(description, defined) : null;
    const isReady = routes.captures(database, table) && registry.isAdmitted(database, table);
    if (schema !== null && isReady) routes.open(schema, announcement);
  }

  /** Whether rows of this map can be published; all is known of its columns then. */
  async #isTaken(map: TableMap): Promise<boolean> {
    const { columnCatalog, jobStore, routes, uncaptured } = this.#parts;
    const id = tableId(map.database, map.table);
    const isOpen = columnCatalog.lacks(map);
    const isAsBefore = !routes.maps.hasOtherKey(map) && (isOpen || routes.maps.unseenChange(map) === null);
    if (!isOpen && jobStore.knows(id) && isAsBefore && !uncaptured.has(id)) return true;
    const { description, hidden } = await this.#see(map);
    const refusal = this.#refusalOf(map, description, hidden);
    if (refusal !== null) {
      uncaptured.add(refusal);
      return false;
    }
    uncaptured.remove(map);
    if (!jobStore.knows(id)) this.#noteNew(map, description !== null);
    return !isOpen || this.#learn(map, description);
  }

  /** Why the table cannot be captured: it is passed over until a statement changes it, which makes it be read. */
  #refusalOf(
    map: TableMap,
    description: TableDescription | null,
    hidden: PreflightProblem | null,
  ): RefusedTable | null {
    const { settings, routes, jobStore } = this.#parts;
    const now = description === null ? null : refusalNow(settings.config, description);
    const unseen = hidden === null ? null : hiddenTable(map, hidden);
    const newcomer = newcomerOf(settings.config, jobStore.known, map);
    return (
      now ??
      unseen ??
      newcomer ??
      (routes.maps.isKeyless(map) ? keyless(tableId(map.database, map.table)) : null)
    );
  }

  /** What the server shows of a table now. A table that is just being made again is looked at again. */
  async #see(map: TableMap): Promise<{
    readonly description: TableDescription | null;
    readonly hidden: PreflightProblem | null;
  }> {
    const { source } = this.#parts;
    const { account } = source.facts;
    for (let look = 1; ; look++) {
      const description = await this.#describe(map.database, map.table);
      const hidden = await askSource(source, nameOf(map), (connection) =>
        findHidden(connection, map, description, account),
      );
      if (hidden === null || look === LOOKS_MAX) return { description, hidden };
    }
  }

  /** A column that the server has and does not tell the type of keeps its table from being captured. */
  async #learn(map: TableMap, first: TableDescription | null): Promise<boolean> {
    const { source, columnCatalog, uncaptured } = this.#parts;
    let description = first;
    for (let look = 1; look <= LOOKS_MAX; look++) {
      const unknown = columnCatalog.learn(map, description);
      if (unknown.length === 0) return true;
      const gone = await askSource(source, nameOf(map), (connection) => findGone(connection, map, unknown));
      if (gone !== null) return this.#goOnWithout(map, unknown, gone);
      description = await this.#describe(map.database, map.table);
    }
    uncaptured.add(columnUnknown(map));
    return false;
  }

  /**
   * What the server has no more was dropped, renamed or altered further on in the stream: there its rows go, or are read
   * again. Until then columns that nobody knows are left out, and a table of which nothing was published stays unpublished.
   */
  #goOnWithout(map: TableMap, unknown: readonly string[], gone: NonNullable<Gone>): boolean {
    const { registry, uncaptured, log } = this.#parts;
    const { database, table, columns, primaryKey } = map;
    const id = tableId(database, table);
    const isKeyKnown = primaryKey.every((ordinal) => !unknown.includes(columns[ordinal]?.name ?? ''));
    if (gone === 'table' && (registry.schemaOf(database, table) === null || !isKeyKnown)) {
      log.warn(
        { event: 'capture.rows_passed_over', table: id },
        `rows of ${id} are not published: the source no longer has the table, and its columns are unknown`,
      );
      return false;
    }
    if (!isKeyKnown) {
      uncaptured.add(columnUnknown(map));
      return false;
    }
    log.warn(
      { event: 'capture.columns_left_out', table: id, columns: unknown },
      `columns of ${id} that the source no longer has are omitted from its rows: their types are unknown`,
    );
    return true;
  }

  /** A table that the stream saw being made has all its rows in the stream, and one that is gone has none: no snapshot. */
  #noteNew({ database, table }: TableName, exists: boolean): void {
    const { jobStore, registry, routes, settings, owed } = this.#parts;
    // Known when this session began: it owes what it owes. Under a name that is given up rows can only be of a table made unseen.
    const isKnown = registry.isAdmitted(database, table) && !routes.names.hasLost({ database, table });
    if (isKnown) return;
    const isWhole = routes.names.wasCreated({ database, table }) || settings.config.snapshot.mode === 'never';
    if (isWhole || !exists) jobStore.noteComplete(tableId(database, table));
    else owed.owe({ database, table }, 'it was created with rows that are not in the stream');
  }

  #describe(database: string, table: string): Promise<TableDescription | null> {
    const about = nameOf({ database, table });
    return askSource(this.#parts.source, about, (connection) => readTable(connection, database, table));
  }
}

function nameOf({ database, table }: TableName): string {
  return `table ${tableId(database, table)}`;
}

/** It may have a key by now, or be gone. */
function keyless(id: string): RefusedTable {
  return { id, code: 'TABLE_WITHOUT_KEY', why: 'its rows were written when it had no primary key' };
}

function columnUnknown({ database, table }: TableName): RefusedTable {
  const why = 'the type of one of its columns, or whether it is generated, is unknown';
  return { id: tableId(database, table), code: 'COLUMN_TYPE_UNKNOWN', why };
}
