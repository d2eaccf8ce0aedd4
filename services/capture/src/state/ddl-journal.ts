import { decodeDdlRecord, type DdlClass, type DdlClearedRecord, type DdlRecord } from '@sluice/envelope';

export type DdlEntry = DdlRecord['payload'];

/** What has happened to the copy of a table that an online schema change makes. */
export interface ShadowChange {
  readonly classes: readonly DdlClass[];
  readonly statements: readonly string[];
}

/** Entries kept for `/api/ddl/history`; the topic has them all. */
const HISTORY_MAX = 1000;
/** Open alerts kept; more are counted by nobody. A pipeline with so many has other worries. */
const ALERTS_MAX = 10_000;

/** What the DDL topic tells: the newest statements, the alerts that nobody has cleared, online schema changes under way. */
export class DdlJournal {
  #history: DdlEntry[] = [];
  readonly #alerts = new Map<string, DdlEntry>();
  readonly #shadows = new Map<string, ShadowChange>();

  /** What cannot be read says nothing. */
  restore(value: Buffer): void {
    const record = decodeDdlRecord(value);
    if (record !== null) this.apply(record);
  }

  apply(record: DdlRecord | DdlClearedRecord): void {
    if (isCleared(record)) {
      for (const id of record.payload.ids) this.#alerts.delete(id);
      return;
    }
    const entry = record.payload;
    this.#history.push(entry);
    if (this.#history.length > 2 * HISTORY_MAX) this.#history = this.#history.slice(-HISTORY_MAX);
    if (entry.shadow) this.#noteShadow(entry);
    else if (entry.policy !== 'apply' && this.#alerts.size < ALERTS_MAX) this.#alerts.set(entry.id, entry);
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
