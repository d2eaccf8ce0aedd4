import { parseTableId, tableArgument, tableId, tableIdOf } from '@sluice/envelope';
import type { TopicPartition } from '@sluice/kafka';
import type { Logger } from '@sluice/runtime';
import type { ControlDelivery } from './decode.ts';
import {
  skippedName,
  type Decision,
  type SkippedPlace,
  type SkippedTable,
} from './dead-letters/decisions.ts';
import type { IncompleteTopic } from './incomplete.ts';
import type { SkippedRecords } from './skipped-records.ts';
import { settingOf, type SinkOperation, type TableSelection } from './table-selection.ts';

type Known = SkippedTable & SkippedPlace;

export interface SkippedTablesParts {
  readonly selection: TableSelection;
  /** Stores a decision in Kafka. */
  readonly decide: (decision: Decision) => Promise<void>;
  /** Those that are stored, by `skippedName`. */
  readonly stored: () => ReadonlyMap<string, Known>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * Tables, and operations of them, whose records this sink has passed over because its settings did not take them. When the settings
 * take them later, what was skipped is missing: until the end of a snapshot that reconciles, and that began when they were taken.
 */
export class SkippedTables {
  readonly #parts: SkippedTablesParts;

  constructor(parts: SkippedTablesParts) {
    this.#parts = parts;
  }

  /** Before the first record is read: says what the settings take now of what was skipped. */
  begin(): void {
    const tables = [...new Set(this.#missing.map(({ table }) => table))];
    if (tables.length === 0) return;
    this.#parts.log.warn(
      { event: 'sink.incomplete', tables },
      `records of ${tables.length} table(s) were skipped that the settings of this sink take now: rows that have not changed since are missing. ${fixOf(tables)}`,
    );
  }

  /** Before the offset moves past the records. Resolves when Kafka has stored what was not known. */
  async note({ topic, partition }: TopicPartition, skipped: SkippedRecords): Promise<void> {
    const byTable = new Map<string, Set<SinkOperation>>();
    for (const { database, table, operation } of skipped.all) {
      if (operation === 'none') continue;
      const id = tableId(database, table);
      byTable.set(id, (byTable.get(id) ?? new Set()).add(settingOf(operation)));
    }
    for (const [table, operations] of byTable) {
      const place = { topic, partition, table };
      const known = this.#known(place);
      const all = [...new Set([...(known?.operations ?? []), ...operations])].sort();
      if (known !== undefined && known.job === null && all.length === known.operations.length) continue;
      await this.#store(place, { at: known?.at ?? this.#parts.now(), operations: all, job: null });
      if (known === undefined)
        this.#parts.log.info(
          { event: 'sink.skips', ...place, operations: all },
          'records that the settings of this sink do not take are skipped; what the store has stays as it is',
        );
    }
  }

  /** A control record of a table that is taken has its outcome. */
  async passed({ topic, partition, envelope }: ControlDelivery): Promise<void> {
    const { payload } = envelope;
    if (!('phase' in payload) || !payload.reconcile) return;
    const place = { topic, partition, table: tableIdOf(payload.source) };
    const known = this.#known(place);
    if (known === undefined || !this.#isMissing(known)) return;
    const { job, phase } = payload;
    if (phase === 'begin') return await this.#store(place, { ...known, job });
    if (known.job === job) await this.#store(place, null);
  }

  /** Lines of `/status`. */
  get all(): readonly IncompleteTopic[] {
    const byTable = Map.groupBy(this.#missing, ({ topic, table }) => JSON.stringify([topic, table]));
    return [...byTable.values()].flatMap((some) => {
      const [first] = some;
      if (first === undefined) return [];
      const { topic, table } = first;
      return {
        topic,
        table,
        partitions: some.map(({ partition }) => partition).sort((a, b) => a - b),
        since: new Date(Math.min(...some.map(({ at }) => at))).toISOString(),
        wholeAgain: [],
        fix: fixOf([table]),
      };
    });
  }

  get #missing(): readonly Known[] {
    return [...this.#parts.stored().values()].filter((known) => this.#isMissing(known));
  }

  /** What is not taken now is not missing. */
  #isMissing({ table: id, operations }: Known): boolean {
    const { selection } = this.#parts;
    const { database, table } = parseTableId(id);
    return selection.takesTable(database, table) && operations.some((each) => selection.takesOperation(each));
  }

  #known(place: SkippedPlace): Known | undefined {
    return this.#parts.stored().get(skippedName(place));
  }

  async #store(place: SkippedPlace, value: SkippedTable | null): Promise<void> {
    const { topic, partition, table } = place;
    const kept = value === null ? null : { at: value.at, operations: value.operations, job: value.job };
    await this.#parts.decide({ kind: 'skipped', topic, partition, table, value: kept });
  }
}

function fixOf(tables: readonly string[]): string {
  return `Run: sluice snapshot start ${tables.map((table) => `--table ${tableArgument(table)}`).join(' ')} --reconcile`;
}
