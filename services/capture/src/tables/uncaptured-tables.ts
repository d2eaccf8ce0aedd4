import { parseTableId, tableIdOf, type TableName } from '@sluice/envelope';
import { createTableFilter } from '../model/table-filter.ts';
import type { RefusedTable } from '../preflight/refused-tables.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';

export interface UncapturedTablesParts {
  /** Tables that could not be captured when this session began, and patterns without a table. */
  readonly refused: readonly RefusedTable[];
  readonly jobStore: SnapshotJobStore;
  /** Is told of a table that is not captured from now on. */
  readonly onRefused: (table: RefusedTable) => void;
  /** Is told of one that is not any more, as `database.table` or its pattern. */
  readonly onMended: (id: string) => void;
}

/** The tables that cannot be captured as they are, and the patterns that fit no table. */
export class UncapturedTables {
  readonly #parts: UncapturedTablesParts;
  readonly #tables: Map<string, RefusedTable>;

  constructor(parts: UncapturedTablesParts) {
    this.#parts = parts;
    this.#tables = new Map(parts.refused.map((table) => [table.id, table]));
  }

  get all(): readonly RefusedTable[] {
    return [...this.#tables.values()];
  }

  has(id: string): boolean {
    return this.#tables.has(id);
  }

  /** Rows of it are missing from now on: what was published of it before is not whole any more. */
  add(refusal: RefusedTable): void {
    const { jobStore, onRefused } = this.#parts;
    jobStore.forget(refusal.id);
    if (!this.has(refusal.id)) onRefused(refusal);
    this.#tables.set(refusal.id, refusal);
  }

  /** Nothing is wrong with the table any more, or it is gone. @returns whether it was not captured */
  remove(table: TableName): boolean {
    return this.#remove(tableIdOf(table));
  }

  removeDatabase(dropped: string): void {
    for (const { id, code } of this.all) {
      const { database } = parseTableId(id);
      if (code !== 'PATTERN_WITHOUT_TABLE' && database === dropped) this.#remove(id);
    }
  }

  /** A pattern that had no table has one now. */
  noteFound({ database, table }: TableName): void {
    for (const { id, code } of this.all) {
      if (code !== 'PATTERN_WITHOUT_TABLE') continue;
      if (createTableFilter([id], []).captures(database, table)) this.#remove(id);
    }
  }

  #remove(id: string): boolean {
    if (!this.#tables.delete(id)) return false;
    this.#parts.onMended(id);
    return true;
  }
}
