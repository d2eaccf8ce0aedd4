import { tableId, tableIdOf, type TableName } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { SnapshotBook } from '../state/snapshot-book.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { TableRoutes } from '../stream/table-routes.ts';

export interface OwedTablesParts {
  readonly settings: CaptureSettings;
  readonly registry: TableRegistry;
  readonly routes: TableRoutes;
  readonly book: SnapshotBook;
  /** Whether a table waits for an operator, by `database.table`. */
  readonly isStopped: (id: string) => boolean;
  /** Whether a table is left alone, because it cannot be captured as it is. */
  readonly isRefused: (id: string) => boolean;
  /** Makes the book durable, at the place where the stream is now. */
  readonly publishCheckpoint: () => Promise<void>;
}

/** Sees to it that captured tables are read which statements gave other rows or columns than the stream has told. */
export class OwedTables {
  readonly #parts: OwedTablesParts;

  constructor(parts: OwedTablesParts) {
    this.#parts = parts;
  }

  /** Throws TABLE_APPEARED or TABLE_ALTERED when the next life has to take a snapshot; that it is owed is durable then. */
  async settle(): Promise<void> {
    this.#noteNames();
    await this.#askForDoubtful();
    await this.#oweChanged();
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
    const { book, routes, settings, isRefused, publishCheckpoint } = this.#parts;
    const renamed = routes.renamedTo.map(tableIdOf);
    // One whose snapshot has not begun is read as it is then, one that was left alone perhaps from now on.
    const mayBeOwed = (id: string): boolean => book.hasBegun(id) || isRefused(id);
    const altered = routes.altered.map(tableIdOf).filter((id) => mayBeOwed(id) && !renamed.includes(id));
    for (const name of routes.altered) book.reconcileFirst(name);
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

  /** The next life reads these tables again. Throws TABLE_ALTERED when there is one, and snapshots are taken. */
  async readAgain(tables: readonly TableName[]): Promise<void> {
    const { book, settings, publishCheckpoint } = this.#parts;
    const ids = tables.map(({ database, table }) => tableId(database, table));
    const [first] = ids;
    if (first === undefined || settings.config.snapshot.mode === 'never') return;
    for (const id of ids) book.forget(id);
    await publishCheckpoint();
    throw changed(first);
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
    const { book, settings, publishCheckpoint } = this.#parts;
    book.readAgain(named, settings.config.snapshot.mode === 'initial', Date.now());
    if (named.length > 0) await publishCheckpoint();
  }
}

export function appeared(id: string): PipelineError {
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
