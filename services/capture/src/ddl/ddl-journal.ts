import {
  ddlRecordVersion,
  decodeDdlRecord,
  type DdlClass,
  type DdlClearedRecord,
  type DdlRecord,
  type DdlStateRecord,
  formatSequence,
  parseSequence,
  type Sequence,
} from '@sluice/envelope';
import { refuseNewer } from '@sluice/runtime';
import { stopsTable } from './ddl-policies.ts';

export type DdlEntry = DdlRecord['payload'];
type DdlState = DdlStateRecord['payload'];

/** What has happened to the copy of a table that an online schema change makes. */
export interface ShadowChange {
  readonly classes: readonly DdlClass[];
  readonly statements: readonly string[];
}

/** Entries kept for `/api/v1/ddl/history`; the topic has them all. */
const HISTORY_MAX = 1000;
/** Open alerts kept, without those that stop a table; more are counted by nobody. A pipeline with so many has other worries. */
const ALERTS_MAX = 10_000;
/** Records that a start may have to read besides the newest state. */
const TAIL_MAX = 1000;

const CHANGES_COLUMNS: ReadonlySet<DdlClass> = new Set(['additive', 'breaking', 'rename', 'drop']);

/** XA transactions kept by what they were prepared as: a commit finds the tables that wait for it. */
const PREPARED_MAX = 1000;

/** What the DDL topic tells: the newest statements, the alerts that nobody has cleared, online schema changes under way. */
export class DdlJournal {
  #history: DdlEntry[] = [];
  readonly #alerts = new Map<string, DdlEntry>();
  /** By the statement that prepared an XA transaction, what was told of its tables; oldest first. */
  readonly #prepared = new Map<string, readonly DdlEntry[]>();
  readonly #shadows = new Map<string, ShadowChange>();
  /** Tables whose foreign keys were told of. */
  readonly #cascades = new Set<string>();
  /** By table: the newest statement after which its columns may be other than before. */
  readonly #changes = new Map<string, Sequence>();
  /** Records that a start would read now, besides the newest state. */
  #tail = 0;
  /** That a state was written since the journal was read. */
  #isStated = false;
  #toRepeat: DdlClearedRecord[] = [];

  /** What is no record says nothing. Throws RECORD_TOO_NEW. */
  restore(value: Buffer): void {
    const record = decodeDdlRecord(value);
    if (record !== null) this.apply(record);
    else refuseNewer('A record of the DDL topic', ddlRecordVersion(value), 1);
  }

  apply(record: AnyRecord): void {
    if (isState(record)) {
      this.#applyState(record.payload);
      return;
    }
    this.#tail++;
    if (isCleared(record)) for (const id of record.payload.ids) this.#alerts.delete(id);
    else this.#applyEntry(record.payload);
  }

  /** As `apply`. A state that is under way to Kafka may not know of it, and stand behind it: then it is said again behind that. */
  clear(record: DdlClearedRecord): void {
    this.apply(record);
    if (this.#isStated) this.#toRepeat.push(record);
  }

  #applyState({ begins, statements, tables }: DdlState): void {
    if (begins) {
      this.#tail = 0;
      this.#history = [];
      for (const map of [this.#alerts, this.#prepared, this.#shadows, this.#cascades, this.#changes])
        map.clear();
    }
    for (const { entry, listed, open } of statements) {
      if (listed) this.#history.push(entry);
      if (open) this.#alerts.set(entry.id, entry);
      if (entry.class === 'xa') this.#notePrepared(entry);
    }
    for (const { table, changed, cascade, shadow } of tables) {
      if (changed !== undefined) this.#changes.set(table, changed);
      if (cascade === true) this.#cascades.add(table);
      if (shadow !== undefined) this.#shadows.set(table, shadow);
    }
  }

  #applyEntry(entry: DdlEntry): void {
    this.#history.push(entry);
    if (this.#history.length > 2 * HISTORY_MAX) this.#history = this.#history.slice(-HISTORY_MAX);
    if (entry.class === 'xa') this.#notePrepared(entry);
    if (entry.class === 'cascade') for (const table of entry.tables) this.#cascades.add(table);
    if (CHANGES_COLUMNS.has(entry.class) && entry.unseen !== true)
      for (const table of entry.tables) this.#changes.set(table, entry.id);
    if (entry.shadow) this.#noteShadow(entry);
    else if (stopsTable(entry.class) || (entry.policy !== 'apply' && this.#alerts.size < ALERTS_MAX))
      this.#alerts.set(entry.id, entry);
  }

  #notePrepared(entry: DdlEntry): void {
    const { statement } = entry;
    const known = this.#prepared.get(statement) ?? [];
    this.#prepared.delete(statement);
    this.#prepared.set(statement, [...known.filter(({ id }) => id !== entry.id), entry]);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > PREPARED_MAX && oldest !== undefined) this.#prepared.delete(oldest);
  }

  /** Tables that were stopped for the XA transaction that this statement prepared, now or earlier, as `database.table`. */
  tablesOfPrepared(statement: string): readonly string[] {
    const told = this.#prepared.get(statement) ?? [];
    return [...new Set(told.flatMap(({ tables }) => tables))];
  }

  /** Whether a start would have to read so many records that what they tell should be written as one state. */
  get isLong(): boolean {
    return this.#tail > TAIL_MAX;
  }

  /** All that `apply` has learned. The caller writes it to the topic. */
  state(): Pick<DdlState, 'statements' | 'tables'> {
    this.#tail = 0;
    this.#isStated = true;
    const listed = this.#history.slice(-HISTORY_MAX);
    const ids = new Set(listed.map(({ id }) => id));
    const kept = new Map(
      [...this.alerts, ...[...this.#prepared.values()].flat()].map((entry) => [entry.id, entry]),
    );
    const older = [...kept.values()].filter(({ id }) => !ids.has(id));
    const names = new Set([...this.#changes.keys(), ...this.#cascades, ...this.#shadows.keys()]);
    return {
      statements: [
        ...older.map((entry) => ({ entry, listed: false, open: this.#alerts.has(entry.id) })),
        ...listed.map((entry) => ({ entry, listed: true, open: this.#alerts.has(entry.id) })),
      ],
      tables: [...names].map((table) => this.#tableState(table)),
    };
  }

  #tableState(table: string): DdlState['tables'][number] {
    const [changed, shadow] = [this.#changes.get(table), this.#shadows.get(table)];
    return {
      table,
      ...(changed === undefined ? {} : { changed }),
      ...(this.#cascades.has(table) ? { cascade: true } : {}),
      ...(shadow === undefined
        ? {}
        : { shadow: { classes: [...shadow.classes], statements: [...shadow.statements] } }),
    };
  }

  /** What is to be said again, once. */
  takeRepeats(): readonly DdlClearedRecord[] {
    const repeats = this.#toRepeat;
    this.#toRepeat = [];
    return repeats;
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

  /** Whether changes of the table are not published, and nobody has said to go on. */
  isStopped(id: string): boolean {
    for (const { class: kind, tables } of this.#alerts.values())
      if (stopsTable(kind) && tables.includes(id)) return true;
    return false;
  }

  /** Whether the table is stopped because it would show what settings hid under a former name. */
  isExposed(id: string): boolean {
    return this.alerts.some(({ class: kind, tables }) => kind === 'exposure' && tables.includes(id));
  }

  /** The tables that are stopped, as `database.table`. */
  get stopped(): readonly string[] {
    const found = new Set<string>();
    for (const { class: kind, tables } of this.#alerts.values())
      if (stopsTable(kind)) for (const table of tables) found.add(table);
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

type AnyRecord = DdlRecord | DdlClearedRecord | DdlStateRecord;

function isCleared(record: AnyRecord): record is DdlClearedRecord {
  return record.schema.type === 'ddl-cleared';
}

function isState(record: AnyRecord): record is DdlStateRecord {
  return record.schema.type === 'ddl-state';
}
