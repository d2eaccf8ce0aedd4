import { tableIdOf, type TableName } from '@sluice/envelope';
import type { Logger } from '@sluice/runtime';
import type { ExaminedTable } from '../preflight/examine-table.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { UncapturedTables } from './uncaptured-tables.ts';

export interface PendingSnapshotsParts {
  readonly settings: Pick<CaptureSettings, 'config'>;
  readonly registry: TableRegistry;
  readonly jobStore: SnapshotJobStore;
  readonly uncaptured: UncapturedTables;
  /** Whether sinks may hold rows of tables of which the schema history tells nothing. */
  readonly afterGap: boolean;
  /** Whether a table waits for an operator, by `database.table`. */
  readonly isStopped: (id: string) => boolean;
  readonly examine: (table: TableName) => Promise<ExaminedTable>;
  /** All table maps are met again: what was decided about them may be other now. Only between two transactions. */
  readonly forgetMaps: () => void;
  readonly log: Logger;
}

/**
 * Owes captured tables a snapshot when a statement gave them other rows or columns than the stream has told. The job reads
 * them while the stream continues. Each method is called between two events.
 */
export class PendingSnapshots {
  readonly #parts: PendingSnapshotsParts;

  constructor(parts: PendingSnapshotsParts) {
    this.#parts = parts;
  }

  /** What was read under the name is worth nothing. */
  dropped(table: TableName): void {
    const { jobStore, uncaptured } = this.#parts;
    uncaptured.remove(table);
    jobStore.forget(tableIdOf(table));
  }

  /**
   * One that gets its name by a CREATE is empty, and all its rows are in the stream; one that was perhaps only found is read:
   * it may have been made, and filled, by what the stream does not tell.
   */
  async created(table: TableName, isNew: boolean): Promise<void> {
    const { jobStore, registry, isStopped } = this.#parts;
    const id = tableIdOf(table);
    if (isStopped(id) || (await this.#look(table)) === 'refused') return;
    if (jobStore.knows(id)) return;
    if (!isNew) await this.renamed(table);
    else if (registry.isAdmitted(table.database, table.table)) jobStore.noteComplete(id);
  }

  /** What stands under the name now is not in its topic. The stream passes over rows of a stopped table: it is read when it continues. */
  async renamed(table: TableName): Promise<void> {
    const { isStopped } = this.#parts;
    if (!(await this.#isFit(table))) return;
    if (this.#takesFirst) this.owe(table, 'its name now belongs to a table with unread rows');
    else if (isStopped(tableIdOf(table))) this.#askFor(table);
  }

  async altered(table: TableName): Promise<void> {
    const { jobStore, uncaptured } = this.#parts;
    const id = tableIdOf(table);
    jobStore.reconcileFirst(table);
    const wasUncaptured = uncaptured.has(id);
    if (!(await this.#isFit(table)) || !this.#takesFirst) return;
    // One whose snapshot has not begun is read as it is then; a new one without a row so far may have got some by the statement.
    if (wasUncaptured || !jobStore.knows(id) || jobStore.hasBegun(id))
      this.owe(table, 'it was altered, and the binlog does not contain the changed rows');
  }

  /** From now on nothing of the table is published: it is read when it continues. */
  stopped(table: TableName): void {
    if (this.#takesFirst) this.owe(table, 'it is paused: it is read when it is resumed');
    else this.#askFor(table);
  }

  /** A job that has begun before the stream publishes the table's rows again is worth nothing. */
  async resumed(table: TableName): Promise<void> {
    const { jobStore, forgetMaps } = this.#parts;
    forgetMaps();
    if (!this.#takesFirst) this.#askFor(table);
    else if (await this.#isFit(table)) this.owe(table, 'it goes on');
    jobStore.onMove();
  }

  /** Rows of an XA transaction came when nobody knew of its commit: a table that went on before it is read again. */
  committedXa(table: TableName): void {
    if (!this.#parts.isStopped(tableIdOf(table))) this.#askFor(table);
  }

  /** A snapshot could not go on with the table as it was. */
  async unreadable(table: TableName): Promise<void> {
    const wasUncaptured = this.#parts.uncaptured.has(tableIdOf(table));
    if ((await this.#isFit(table)) && wasUncaptured) this.readAgain(table, 'it can be captured again');
  }

  /** Made by what the binlog does not hold: no row of it may ever come. */
  async unaccounted(table: TableName): Promise<void> {
    const { jobStore, log } = this.#parts;
    const id = tableIdOf(table);
    if (jobStore.knows(id) || !(await this.#isFit(table)) || !this.#takesFirst) return;
    log.warn(
      { event: 'capture.table_unaccounted', table: id },
      `the binlog has no statement that created ${id}: its rows are read`,
    );
    this.owe(table, 'the binlog has no statement that created it');
  }

  /** Whether the source certainly has no such table; what was read under its name is worth nothing then. */
  async isGone(table: TableName): Promise<boolean> {
    const found = await this.#look(table);
    if (found === 'gone') this.dropped(table);
    return found === 'gone';
  }

  /** A table of which nothing has been published yet. @returns whether it can be captured, and will be read */
  async isTaken(table: TableName): Promise<boolean> {
    const { description, refusal } = await this.#parts.examine(table);
    if (description === null || refusal !== null) return false;
    if (this.#takesFirst) this.owe(table, 'its rows are not in the stream');
    return true;
  }

  /** Its rows are read again, if snapshots are taken. */
  readAgain(table: TableName, why: string): void {
    if (this.#takesFirst) this.owe(table, why);
  }

  owe(table: TableName, why: string): void {
    const { jobStore, registry, afterGap, log } = this.#parts;
    const id = tableIdOf(table);
    const isKnown = afterGap || registry.schemaOf(table.database, table.table) !== null;
    jobStore.forget(id);
    jobStore.owe([table], () => isKnown, Date.now());
    log.info({ event: 'capture.reads_again', tables: [id] }, `the rows of ${id} are read: ${why}`);
  }

  get #takesFirst(): boolean {
    return this.#parts.settings.config.snapshot.mode === 'initial';
  }

  #askFor(table: TableName): void {
    this.#parts.jobStore.readAgain([table], this.#takesFirst, Date.now());
  }

  /** Whether the source has the table, and it can be captured; else it is not captured, or owes nothing. */
  async #isFit(table: TableName): Promise<boolean> {
    const found = await this.#look(table);
    if (found === 'gone') this.#parts.jobStore.forget(tableIdOf(table));
    return found === 'fit';
  }

  /** Leaves the table alone from now on, or no longer, as the source shows it. */
  async #look(table: TableName): Promise<'fit' | 'gone' | 'refused'> {
    const { jobStore, uncaptured, examine, forgetMaps } = this.#parts;
    const { description, refusal } = await examine(table);
    if (refusal !== null) {
      uncaptured.add(refusal);
      forgetMaps();
      return 'refused';
    }
    if (description === null) return 'gone';
    if (uncaptured.remove(table)) {
      forgetMaps();
      jobStore.onMove();
    }
    return 'fit';
  }
}
