import { idOf, nextRow, PHASES, type Phase } from './phases.ts';
import type { Change } from './topic-changes.ts';
import type { ValueTable } from './value-table.ts';

/** What is not exact, in words, by phase. Empty when everything is. */
export type Problems = Partial<Record<Phase, string>>;

type Values = ReadonlyMap<string, string>;

/**
 * Compares the rows of a table's topic with what was written: with the JSON text of the table where that is a matter of
 * rule, else with what the snapshot gave, which has gone another way than the stream.
 */
export function judgeTable(table: ValueTable, changes: readonly Change[]): Problems {
  const judge = new TableJudge(table, changes);
  const problems: Problems = {};
  for (const phase of PHASES) {
    const problem = judge.firstProblem(phase);
    if (problem !== null) problems[phase] = problem;
  }
  return problems;
}

class TableJudge {
  readonly #table: ValueTable;
  readonly #byId: ReadonlyMap<number, readonly Change[]>;

  constructor(table: ValueTable, changes: readonly Change[]) {
    this.#table = table;
    this.#byId = Map.groupBy(changes, ({ id }) => id);
  }

  firstProblem(phase: Phase): string | null {
    for (const row of this.#table.rows.keys()) {
      const changes = this.#byId.get(idOf(phase, row)) ?? [];
      const problem = this.#problem(phase, row, changes) ?? this.#keyProblem(changes);
      if (problem !== null) return `row ${row + 1}: ${problem}`;
    }
    return null;
  }

  #problem(phase: Phase, row: number, changes: readonly Change[]): string | null {
    const operations = changes.map(({ operation }) => operation).join(' ');
    const expected = this.#expectedOperations(phase, row);
    if (operations !== expected) return `${operations || 'nothing'} instead of ${expected}`;
    const [first, second, third] = changes;
    const written = this.#differs(first!.after, row, []);
    if (written !== null || second === undefined) return written;
    const before = this.#differs(second.before, row, []);
    if (before !== null || phase === 'delete') return before;
    // A change of the key leaves the other columns alone, any other change leaves the key.
    const kept = this.#table.columns.filter(
      (column) => this.#table.key.includes(column) === (phase === 'update'),
    );
    return this.#differs((third ?? second).after, nextRow(this.#table, row), kept);
  }

  /** An UPDATE that changes nothing is not in the binlog. */
  #expectedOperations(phase: Phase, row: number): string {
    if (phase === 'snapshot') return 'SNAPSHOT';
    if (phase === 'insert') return 'INSERT';
    if (phase === 'delete') return 'INSERT DELETE';
    const inKey = phase === 'key';
    const changed = this.#table.columns
      .filter((column) => this.#table.key.includes(column) === inKey)
      .some((column) => this.#reference(row, column) !== this.#reference(nextRow(this.#table, row), column));
    if (!changed) return 'INSERT';
    return inKey ? 'INSERT DELETE INSERT' : 'INSERT UPDATE';
  }

  #differs(values: Values | null, row: number, except: readonly string[]): string | null {
    if (values === null) return 'an image is missing';
    for (const column of this.#table.columns) {
      if (except.includes(column)) continue;
      const expected = this.#reference(row, column);
      const found = values.get(column);
      if (found !== expected) return `${column} is ${shown(found)}, not ${shown(expected)}`;
    }
    const stranger = this.#table.absent?.find((column) => values.has(column));
    return stranger === undefined ? null : `${stranger} is there`;
  }

  #reference(row: number, column: string): string | undefined {
    const fixed = this.#table.rows[row]?.json[column];
    return fixed ?? this.#byId.get(idOf('snapshot', row))?.[0]?.after?.get(column);
  }

  /** The record's key is the row's own key columns, and the table map describes the same table as information_schema. */
  #keyProblem(changes: readonly Change[]): string | null {
    for (const { before, after, key, version } of changes) {
      const values = after ?? before;
      const members = this.#table.key.map((column) => `${JSON.stringify(column)}:${values?.get(column)}`);
      if (key !== `{${members.join(',')}}`) return `the key is ${shown(key)}`;
      if (version !== 1) return 'snapshot and stream describe the table differently';
    }
    return null;
  }
}

function shown(text = 'absent'): string {
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}
