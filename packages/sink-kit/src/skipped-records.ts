import { tableId, type Operation, type Source } from '@sluice/envelope';
import type { ControlDelivery, Entry, RowDelivery } from './decode.ts';
import { operationOf, type TableSelection } from './table-selection.ts';

/** A record that the sink does not take. */
export interface SkippedEntry {
  readonly kind: 'skipped';
  readonly next: bigint;
  readonly source: Pick<Source, 'database' | 'table'>;
  /** `none` for what is no row and no truncate. */
  readonly operation: Operation | 'none';
}

export interface SkippedCount extends Pick<SkippedEntry, 'operation'> {
  readonly database: string;
  readonly table: string;
  readonly count: number;
}

/** The same entries in their order; what the sink does not take has lost its content. */
export function* selectEntries(
  entries: Iterable<Entry>,
  selection: TableSelection,
): Generator<Entry | SkippedEntry> {
  for (const entry of entries) {
    const isOf = entry.kind === 'row' || entry.kind === 'control';
    yield isOf && !isTaken(entry.delivery, selection) ? skippedEntry(entry.delivery, entry.next) : entry;
  }
}

function isTaken({ envelope }: RowDelivery | ControlDelivery, selection: TableSelection): boolean {
  const { database, table } = envelope.payload.source;
  if (!selection.takesTable(database, table)) return false;
  const operation = operationOf(envelope);
  return operation === null || selection.takesOperation(operation);
}

function skippedEntry({ envelope }: RowDelivery | ControlDelivery, next: bigint): SkippedEntry {
  const { payload } = envelope;
  const operation = 'operation' in payload ? payload.operation : 'none';
  return { kind: 'skipped', next, source: payload.source, operation };
}

/** Skipped records of a step, counted: the entries themselves are not held. */
export class SkippedRecords {
  readonly #counts = new Map<string, { -readonly [K in keyof SkippedCount]: SkippedCount[K] }>();

  add({ source: { database, table }, operation }: SkippedEntry): void {
    const name = `${tableId(database, table)} ${operation}`;
    const known = this.#counts.get(name);
    if (known === undefined) this.#counts.set(name, { database, table, operation, count: 1 });
    else known.count += 1;
  }

  get all(): Iterable<SkippedCount> {
    return this.#counts.values();
  }
}
