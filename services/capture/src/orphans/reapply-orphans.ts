import type { RowsEvent } from '@sluice/binlog';
import { tableIdOf } from '@sluice/envelope';
import type { MysqlOptions } from '@sluice/mysql';
import type { StreamPosition } from '../model/position.ts';
import { ChangedRows } from './changed-rows.ts';
import type { Choice, Conflict, Decision } from './conflict.ts';
import { findOrphans, type OrphanFindings, type OrphanSource } from './find-orphans.ts';
import { newMasterOf, openMaster, refused } from './masters.ts';
import type { OrphanRow, OrphanTable, OrphanTransaction } from './orphan.ts';
import type { OrphanConsumer } from './orphan-reader.ts';
import type { OrphanTables } from './orphan-tables.ts';
import { Reapply, type OrphanChanges } from './reapply.ts';
import { refuseKeyless, refuseStatements } from './refuse-orphans.ts';
import { refuseTriggers } from './refuse-triggers.ts';
import { refuseUnapplied } from './refuse-unapplied.ts';
import { RowSlots } from './row-slots.ts';
import { rowsOf } from './row-values.ts';
import { SqlStatements } from './sql-statements.ts';

/** Characters of values that are kept: what a row becomes last decides about its first change. */
const TEXT_MAX = 512 * 1024 * 1024;

export interface ReapplyOrder {
  /** False: nothing is written. */
  readonly isApplied: boolean;
  /** Who writes; null: the login of `source`. */
  readonly login: Pick<MysqlOptions, 'user' | 'password'> | null;
  /** By `decidedText`. */
  readonly decisions: ReadonlyMap<string, Decision>;
}

export interface Reapplied extends OrphanFindings {
  readonly isApplied: boolean;
  /** Changes of rows: written, or there already. */
  readonly applied: number;
  readonly already: number;
  /** Rows by what a person has decided. */
  readonly decided: Readonly<Record<Choice, number>>;
  /** Rows that wait for a person. */
  readonly conflicts: readonly Conflict[];
}

/**
 * Puts the orphans on the new master. Throws as `findOrphans`, ORPHANS_REFUSED for what is no change of a row and while the new master still
 * applies what it has received, and as the new master fails.
 */
export async function reapplyOrphans(source: OrphanSource, order: ReapplyOrder): Promise<Reapplied> {
  const { config, from, to } = source;
  const address = newMasterOf(config, from, to);
  await refuseUnapplied(config, address);
  const { findings, consumer: taken } = await findOrphans(source, (tables) => new OrphanRows(tables), 'new');
  const { connection, facts } = await openMaster(config, address, order.login ?? undefined);
  try {
    await refuseTriggers(connection, facts.account, taken.written);
    const { cascades } = taken.tables;
    const statements = new SqlStatements(findings.flavour);
    const { isApplied, decisions } = order;
    const reapply = new Reapply({ connection, statements, cascades, decisions, isApplied });
    for (const changes of taken.transactions) await reapply.transaction(changes);
    const { counts, decided, conflicts } = reapply;
    return { ...findings, isApplied, ...counts, decided, conflicts };
  } finally {
    connection.destroy();
  }
}

class OrphanRows implements OrphanConsumer {
  readonly tables: OrphanTables;
  readonly transactions: OrphanChanges[] = [];
  /** The tables with orphaned rows. */
  readonly #written = new Map<string, OrphanTable>();
  readonly #slots = new RowSlots();
  readonly #changed: ChangedRows;
  #open: OrphanRow[] = [];
  #length = 0;

  constructor(tables: OrphanTables) {
    this.tables = tables;
    this.#changed = new ChangedRows(tables);
  }

  get written(): readonly OrphanTable[] {
    return [...this.#written.values()];
  }

  begin(): void {
    this.#open = [];
  }

  rows(rows: RowsEvent, place: StreamPosition): void {
    const table = this.tables.of(rows.table);
    refuseKeyless(table, place);
    this.#written.set(tableIdOf(table), table);
    for (const row of rowsOf(rows, table, place)) {
      this.#changed.note(row);
      this.#open.push(row);
      for (const value of [...(row.before ?? []), ...(row.after ?? [])]) this.#length += value?.length ?? 0;
    }
    if (this.#length > TEXT_MAX)
      throw refused(
        `the orphaned rows have more than ${TEXT_MAX} characters: put them on the new master by hand`,
      );
  }

  common(rows: RowsEvent, place: StreamPosition): void {
    this.#changed.refuseUpon(rows, place);
  }

  commit(transaction: OrphanTransaction): void {
    refuseStatements(transaction);
    const changes = this.#open.map((row) => this.#slots.add(row, transaction.gtid));
    this.transactions.push({ transaction, changes });
  }
}
