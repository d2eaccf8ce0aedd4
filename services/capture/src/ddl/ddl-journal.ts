import {
  ddlRecordVersion,
  decodeDdlRecord,
  type DdlClass,
  type DdlClearedRecord,
  type DdlRecord,
  formatSequence,
  parseSequence,
  type Sequence,
} from '@sluice/envelope';
import { refuseNewer } from '@sluice/runtime';

export type DdlEntry = DdlRecord['payload'];

/** What has happened to the copy of a table that an online schema change makes. */
export interface ShadowChange {
  readonly classes: readonly DdlClass[];
  readonly statements: readonly string[];
}

/** Entries kept for `/api/ddl/history`; the topic has them all. */
const HISTORY_MAX = 1000;
/** Open alerts kept, without those that stop a table; more are counted by nobody. A pipeline with so many has other worries. */
const ALERTS_MAX = 10_000;

const CHANGES_COLUMNS: ReadonlySet<DdlClass> = new Set(['additive', 'breaking', 'rename', 'drop']);

/** XA transactions kept by what they were prepared as: a commit finds the tables that wait for it. */
const PREPARED_MAX = 10_000;

/** What the DDL topic tells: the newest statements, the alerts that nobody has cleared, online schema changes under way. */
export class DdlJournal {
  #history: DdlEntry[] = [];
  readonly #alerts = new Map<string, DdlEntry>();
  /** By the statement that prepared it, an XA transaction's tables, as `database.table`; oldest first. */
  readonly #prepared = new Map<string, readonly string[]>();
  readonly #shadows = new Map<string, ShadowChange>();
  /** Tables whose foreign keys were told of. */
  readonly #cascades = new Set<string>();
  /** By table: the newest statement after which its columns may be other than before. */
  readonly #changes = new Map<string, Sequence>();

  /** What is no record says nothing. Throws RECORD_TOO_NEW. */
  restore(value: Buffer): void {
    const record = decodeDdlRecord(value);
    if (record !== null) this.apply(record);
    else refuseNewer('A record of the DDL topic', ddlRecordVersion(value), 1);
  }

  apply(record: DdlRecord | DdlClearedRecord): void {
    if (isCleared(record)) {
      for (const id of record.payload.ids) this.#alerts.delete(id);
      return;
    }
    const entry = record.payload;
    this.#history.push(entry);
    if (this.#history.length > 2 * HISTORY_MAX) this.#history = this.#history.slice(-HISTORY_MAX);
    if (entry.class === 'xa') this.#notePrepared(entry);
    if (entry.class === 'cascade') for (const table of entry.tables) this.#cascades.add(table);
    if (CHANGES_COLUMNS.has(entry.class) && entry.unseen !== true)
      for (const table of entry.tables) this.#changes.set(table, entry.id);
    if (entry.shadow) this.#noteShadow(entry);
    else if (entry.class === 'xa' || (entry.policy !== 'apply' && this.#alerts.size < ALERTS_MAX))
      this.#alerts.set(entry.id, entry);
  }

  #notePrepared({ statement, tables }: DdlEntry): void {
    const known = this.#prepared.get(statement) ?? [];
    this.#prepared.delete(statement);
    this.#prepared.set(statement, [...new Set([...known, ...tables])]);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > PREPARED_MAX && oldest !== undefined) this.#prepared.delete(oldest);
  }

  /** Tables that were stopped for the XA transaction that this statement prepared, now or earlier, as `database.table`. */
  tablesOfPrepared(statement: string): readonly string[] {
    return this.#prepared.get(statement) ?? [];
  }

  #noteShadow({ tables: [table = ''], class: kind, statement, created }: DdlEntry): void {
    const before = created === true ? undefined : this.#shadows.get(table);
    this.#shadows.set(table, {
      classes: created === true ? [] : [...(before?.classes ?? []), kind],
      statements: [...(before?.statements ?? []), statement].slice(-20),
    });
  }

  /** What was done to a copy that takes its table's place now; null when nothing is known. */
  shadowChange(id: string): ShadowChange | null {
    return this.#shadows.get(id) ?? null;
  }

  /** Whether changes of the table are not published: rows of it are in doubt, and nobody has said to go on. */
  isStopped(id: string): boolean {
    for (const { class: kind, tables } of this.#alerts.values())
      if (kind === 'xa' && tables.includes(id)) return true;
    return false;
  }

  /** Those tables, as `database.table`. */
  get stopped(): readonly string[] {
    const found = new Set<string>();
    for (const { class: kind, tables } of this.#alerts.values())
      if (kind === 'xa') for (const table of tables) found.add(table);
    return [...found];
  }

  /** Where the newest statement stands after which the table's columns may be other than before; null when there was none. */
  lastChange(id: string): Sequence | null {
    return this.#changes.get(id) ?? null;
  }

  /** Whether somebody was told that foreign keys change rows of the table without a trace, cleared or not. */
  isCascadeTold(id: string): boolean {
    return this.#cascades.has(id);
  }

  /** The id of an entry that has no sequence of its own: the next behind this one that no other entry has. */
  freeId(behind: Sequence): Sequence {
    const { generation, file, offset } = parseSequence(behind);
    let next = offset + 1;
    const taken = new Set(this.#history.map(({ id }) => id));
    while (taken.has(formatSequence(generation, file, next))) next++;
    return formatSequence(generation, file, next);
  }

  /** Newest first. */
  history(limit = HISTORY_MAX): readonly DdlEntry[] {
    return this.#history.slice(-Math.min(limit, HISTORY_MAX)).toReversed();
  }

  /** Oldest first: those that nobody has cleared. */
  get alerts(): readonly DdlEntry[] {
    return [...this.#alerts.values()];
  }
}

function isCleared(record: DdlRecord | DdlClearedRecord): record is DdlClearedRecord {
  return record.schema.type === 'ddl-cleared';
}
