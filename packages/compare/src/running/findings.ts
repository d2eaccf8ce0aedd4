import { tableIdOf, type TableName } from '@sluice/envelope';
import type { ComparedTable } from '../compared-table.ts';
import { LISTED_MAX, type CompareReport, type RunningFindings, type SinkCounts } from './report.ts';
import type { RunningPlace } from './place.ts';
import type { Verdict } from './suspects.ts';

type Writable<T> = { -readonly [member in keyof T]: T[member] };

const NOTHING_FOUND: RunningPlace['found'] = {
  rows: 0,
  isPartial: false,
  tables: [],
  differences: [],
  notSettled: [],
  unlisted: 0,
};
const NOTHING: SinkCounts = { compared: 0, equal: 0, different: 0, missing: 0, extra: 0, notSettled: 0 };

/** What is found, table by table: counts of all, and the first entries of the lists. */
export class Findings {
  readonly #tables: CompareReport['tables'];
  readonly #differences: CompareReport['differences'];
  readonly #notSettled: CompareReport['notSettled'];
  #table: ComparedTable | null = null;
  #rows: number;
  #unlisted: number;
  #isPartial: boolean;

  /** @param before what an earlier run has found, when this one continues behind it */
  constructor(before: RunningPlace['found'] = NOTHING_FOUND) {
    const { tables, differences, notSettled } = structuredClone(before);
    this.#tables = tables;
    this.#differences = differences;
    this.#notSettled = notSettled;
    this.#rows = before.rows;
    this.#unlisted = before.unlisted;
    this.#isPartial = before.isPartial;
  }

  /** What was found until now; it changes with what is found later. */
  get found(): RunningPlace['found'] {
    return {
      rows: this.#rows,
      isPartial: this.#isPartial,
      tables: this.#tables,
      differences: this.#differences,
      notSettled: this.#notSettled,
      unlisted: this.#unlisted,
    };
  }

  /** All that follows is about this table, null when it is not compared, and these sinks. */
  begin(
    name: TableName,
    table: ComparedTable | null,
    remarks: readonly string[],
    sinks: readonly string[] = [],
  ): void {
    const counts = sinks.map((sink) => [sink, { ...NOTHING }] as const);
    this.#table = table;
    this.#tables.push({
      table: tableIdOf(name),
      compared: table !== null,
      remarks: [...remarks],
      sinks: table === null ? {} : Object.fromEntries(counts),
    });
  }

  /** All that follows is about the last table again. */
  goOn(table: ComparedTable): void {
    this.#table = table;
  }

  /** The table is not compared with this sink. */
  leaveOut(sink: string, why: string): void {
    this.#isPartial = true;
    this.remark(`not compared with sink ${sink}: ${why}`);
  }

  remark(text: string): void {
    this.#tables.at(-1)?.remarks.push(text);
  }

  /** Rows that were read from the source. */
  read(rows: number): void {
    this.#rows += rows;
  }

  compared(sink: string, rows: number): void {
    const counts = this.#counts(sink);
    counts.compared += rows;
    counts.equal += rows;
  }

  note(sink: string, verdict: Verdict): void {
    const { kind, isOfSource, identity: place, columns, key, why } = verdict;
    const counts = this.#counts(sink);
    counts[kind === 'not settled' ? 'notSettled' : kind] += 1;
    if (isOfSource) counts.equal -= 1;
    const table = this.#tables.at(-1)?.table ?? '';
    if (this.#differences.length + this.#notSettled.length >= LISTED_MAX) this.#unlisted += 1;
    else if (kind === 'not settled') this.#notSettled.push({ sink, table, place, why: why ?? '' });
    else
      this.#differences.push({
        sink,
        table,
        kind,
        place,
        key: this.#keyOf(key),
        columns: columns.map(({ column, source, found }) => ({ column, source, sink: found })),
      });
  }

  /** @param isInterrupted whether an operator has ended it before it had looked at everything */
  result(isInterrupted: boolean): RunningFindings {
    const all = this.#tables.flatMap(({ sinks }) => Object.values(sinks));
    const differs = all.some(({ different, missing, extra }) => different + missing + extra > 0);
    // Of tables that no sink takes nothing is known.
    const isDone =
      all.length > 0 &&
      !this.#isPartial &&
      all.every(({ notSettled }) => notSettled === 0) &&
      this.#tables.every(({ compared }) => compared);
    return {
      result: isInterrupted || (!differs && !isDone) ? 'not done' : differs ? 'different' : 'equal',
      rows: this.#rows,
      tables: this.#tables,
      differences: this.#differences,
      notSettled: this.#notSettled,
      unlisted: this.#unlisted,
    };
  }

  #counts(sink: string): Writable<SinkCounts> {
    const counts = this.#tables.at(-1)?.sinks[sink];
    if (counts === undefined) throw new Error(`sink ${sink} is not compared`);
    return counts;
  }

  #keyOf(key: readonly string[] | null): Record<string, string> | null {
    const table = this.#table;
    if (key === null || table === null) return null;
    return Object.fromEntries(
      table.key.map((place, at) => [table.columns[place]?.name ?? '', key[at] ?? 'null']),
    );
  }
}
