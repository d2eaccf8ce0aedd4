import type { ControlDelivery, Entry, RowDelivery } from './decode.ts';
import { SkippedRecords, type SkippedEntry } from './skipped-records.ts';

type PoisonEntry = Extract<Entry, { kind: 'poison' }>;

/** What is given to a sink at once. `next` is the offset after the step's last record. */
export type Step =
  | {
      readonly kind: 'rows';
      readonly next: bigint;
      readonly rows: readonly RowDelivery[];
      readonly poison: readonly PoisonEntry[];
      readonly skipped: SkippedRecords;
    }
  | { readonly kind: 'control'; readonly next: bigint; readonly delivery: ControlDelivery };

export interface StepLimits {
  readonly batchRecords: number;
  readonly batchBytes: number;
}

/**
 * Cuts a batch into steps, in log order: a control record is a step of its own, because what stands before it must be
 * applied before it; rows are cut by count and bytes (a row larger than the bound goes alone). At most one entry is
 * asked for ahead of the step that is yielded.
 */
export function* cutSteps(entries: Iterable<Entry | SkippedEntry>, limits: StepLimits): Generator<Step> {
  let open = newStep();
  for (const entry of entries) {
    const full = entry.kind === 'row' && open.rows.length > 0 && isFull(open, entry.bytes, limits);
    if ((full || entry.kind === 'control') && open.next > 0n) {
      yield close(open);
      open = newStep();
    }
    if (entry.kind === 'control') yield { kind: 'control', next: entry.next, delivery: entry.delivery };
    else add(open, entry);
  }
  if (open.next > 0n) yield close(open);
}

interface OpenStep {
  rows: RowDelivery[];
  poison: PoisonEntry[];
  readonly skipped: SkippedRecords;
  bytes: number;
  /** 0 while nothing was added. */
  next: bigint;
}

function newStep(): OpenStep {
  return { rows: [], poison: [], skipped: new SkippedRecords(), bytes: 0, next: 0n };
}

function isFull(open: OpenStep, bytes: number, limits: StepLimits): boolean {
  return open.rows.length >= limits.batchRecords || open.bytes + bytes > limits.batchBytes;
}

function add(open: OpenStep, entry: Exclude<Entry | SkippedEntry, { kind: 'control' }>): void {
  open.next = entry.next;
  if (entry.kind === 'poison') open.poison.push(entry);
  if (entry.kind === 'skipped') open.skipped.add(entry);
  if (entry.kind !== 'row') return;
  open.rows.push(entry.delivery);
  open.bytes += entry.bytes;
}

function close({ next, rows, poison, skipped }: OpenStep): Step {
  return { kind: 'rows', next, rows, poison, skipped };
}
