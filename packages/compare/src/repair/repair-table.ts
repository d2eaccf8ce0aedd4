import { decodeEnvelope, type Sequence } from '@sluice/envelope';
import type { Delivery, Outcome } from '@sluice/sink-kit';
import type { ComparedTable } from '../compared-table.ts';
import type { Pace } from '../running/pace.ts';
import { keyIsOf } from '../running/source-pages.ts';
import { isSettled, lookAgain, settle, type Suspect } from '../running/suspects.ts';
import type { SinkTable } from '../sink-table.ts';
import type { RowConnection } from '../source-rows.ts';
import { rowKeyOf, suspectOf, type ReportedRow } from './report-rows.ts';
import type { RowPlace, StoreRepair } from './store-repair.ts';
import type { UndoFile } from './undo-file.ts';

/** A record that a sink would get. */
export interface RepairRecord extends Omit<RowPlace, 'database' | 'table'> {
  /** The envelope's bytes. */
  readonly value: Uint8Array;
}

/** The source at a place in the stream that the sink has applied everything up to. */
export interface RowsAtPoint {
  /** Of every record that comes from here; no change behind the place has so low a one. */
  readonly sequence: Sequence;
  /** Rows that fulfil a piece of SQL, with everything that was committed up to the place. */
  read(where: string, limit: number): Promise<readonly RepairRecord[]>;
  /** That there is no such row. */
  deletion(rowKey: string): RepairRecord;
}

export interface RepairParts {
  readonly source: RowConnection;
  readonly sink: string;
  readonly table: ComparedTable;
  readonly rows: SinkTable;
  readonly store: StoreRepair;
  /** Waits until the sink has applied what is committed by now; a text: why that cannot be known. */
  readonly settled: () => Promise<RowsAtPoint | string>;
  /** What becomes of the records: `look`: nothing. */
  readonly act: 'look' | 'apply' | ((statements: string) => Promise<void>);
  /** Null when nothing is written. */
  readonly undo: UndoFile | null;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

/** What a row turned out to be when it was looked at again, and what became of it. */
export interface RowFate {
  readonly place: string;
  readonly kind: 'changed' | 'missing' | 'extra' | 'equal' | 'unknown';
  /** `equal`: so it was, or is by now; `different`: written, and still not equal; `open`: nothing was done. */
  readonly fate: 'equal' | 'different' | 'open';
  /** Why it is `open`, or still different; null otherwise. */
  readonly why: string | null;
}

const ROWS_AT_ONCE = 500;
/** More than keys were asked for: a collation may take several texts for one. */
const READ_MAX = 10_000;
const INTERRUPTED = 'the repair was interrupted';

/**
 * Repairs rows of one table in one sink. Each is looked at again first, in the store and in the source; what is not equal is kept in the
 * undo file, and its record goes through the sink's guard. In the end the rows that were written are compared again.
 */
export async function repairRows(reported: readonly ReportedRow[], parts: RepairParts): Promise<RowFate[]> {
  const fates: RowFate[] = [];
  const toVerify: Suspect[] = [];
  for (let at = 0; at < reported.length; at += ROWS_AT_ONCE) {
    const some = reported.slice(at, at + ROWS_AT_ONCE);
    const judged = await unlessInterrupted(parts.signal, () => repairSome(some, parts));
    if (judged === null) fates.push(...some.map(({ place }) => openFate(place, 'unknown', INTERRUPTED)));
    else {
      fates.push(...judged.fates);
      toVerify.push(...judged.written);
      await unlessInterrupted(parts.signal, () => parts.pace.took(some.length));
    }
  }
  return toVerify.length === 0 ? fates : verified(fates, toVerify, parts);
}

interface Judged {
  readonly fates: readonly RowFate[];
  /** Rows that the store was given; they are in `fates` too. */
  readonly written: readonly Suspect[];
}

async function repairSome(reported: readonly ReportedRow[], parts: RepairParts): Promise<Judged> {
  const { table, rows, act } = parts;
  const point = await parts.settled();
  if (typeof point === 'string')
    return { fates: reported.map(({ place }) => openFate(place, 'unknown', point)), written: [] };
  const fates: RowFate[] = [];
  const known: Suspect[] = [];
  for (const row of reported) {
    const suspect = suspectOf(table, rows, row);
    if (typeof suspect === 'string') fates.push(openFate(row.place, 'unknown', suspect));
    else known.push(suspect);
  }
  const open: Suspect[] = [];
  for (const suspect of await lookAgain(known, parts)) {
    if (!isSettled(suspect, parts)) open.push(suspect);
    else fates.push({ place: suspect.identity, kind: 'equal', fate: 'equal', why: null });
  }
  if (open.length === 0) return { fates, written: [] };
  if (act === 'look')
    return { fates: [...fates, ...open.map((row) => openFate(row.identity, kindOf(row)))], written: [] };
  const deliveries = await recordsOf(open, point, parts);
  if (act !== 'apply') {
    await act(await parts.store.statements(deliveries));
    return { fates: [...fates, ...open.map((row) => openFate(row.identity, kindOf(row)))], written: [] };
  }
  await keep(deliveries, point, parts);
  const outcomes = await written(deliveries, parts);
  const done = open.map((row, index) => fateOf(row, outcomes.get(deliveries[index] as Delivery)));
  return { fates: [...fates, ...done], written: open.filter((_, index) => done[index]?.fate !== 'open') };
}

/** The rows as they are at the source now, in the order of the suspects; of those that it has not, that they are deleted. */
async function recordsOf(
  open: readonly Suspect[],
  point: RowsAtPoint,
  { table }: RepairParts,
): Promise<Delivery[]> {
  const keys = open.flatMap(({ row }) => (row === null ? [] : [row.keyLiterals]));
  const found = await point.read(keyIsOf(table, keys), READ_MAX);
  const byKey = new Map(found.map((record) => [record.rowKey, record]));
  return open.map(({ row }) => {
    const rowKey = rowKeyOf(table, row?.values ?? []);
    return deliveryOf(byKey.get(rowKey) ?? point.deletion(rowKey));
  });
}

function deliveryOf({ topic, partition, key, rowKey, value }: RepairRecord): Delivery {
  // It stands at no offset: a replay moves none.
  return { topic, partition, offset: 0n, next: 0n, key, rowKey, envelope: decodeEnvelope(value), value };
}

/** A sink takes a batch of one partition: what it remembers of deletes is kept by partition. */
async function written(
  deliveries: readonly Delivery[],
  { store }: RepairParts,
): Promise<ReadonlyMap<Delivery, Outcome>> {
  const outcomes = new Map<Delivery, Outcome>();
  for (const some of Map.groupBy(deliveries, ({ topic, partition }) => `${topic} ${partition}`).values()) {
    const answers = await store.write(some);
    for (const [index, delivery] of some.entries()) {
      const outcome = answers[index];
      if (outcome !== undefined) outcomes.set(delivery, outcome);
    }
  }
  return outcomes;
}

/** On the disk before the first of them is written. */
async function keep(
  deliveries: readonly Delivery[],
  { sequence }: RowsAtPoint,
  { sink, table: { database, table }, store, undo }: RepairParts,
): Promise<void> {
  const places = deliveries.map(({ topic, partition, key, rowKey }): RowPlace => {
    return { database, table, topic, partition, key, rowKey };
  });
  const kept = await store.kept(places);
  await undo?.append(places.map((place, index) => ({ sink, ...place, sequence, kept: kept[index] ?? null })));
}

/** Rows that were written are compared as `sluice compare` does it. */
async function verified(
  fates: readonly RowFate[],
  written: readonly Suspect[],
  parts: RepairParts,
): Promise<RowFate[]> {
  const applied = async (): Promise<string | null> => {
    const point = await unlessInterrupted(parts.signal, parts.settled);
    if (point === null) return INTERRUPTED;
    return typeof point === 'string' ? point : null;
  };
  const verdicts = new Map(
    (await settle(written, { ...parts, applied })).map((verdict) => [verdict.identity, verdict]),
  );
  return fates.map((fate) => {
    const verdict = verdicts.get(fate.place);
    if (verdict === undefined) return fate;
    if (verdict.kind === 'not settled') return { ...fate, fate: 'open', why: verdict.why };
    return { ...fate, fate: 'different', why: fate.why ?? `still ${verdict.kind}` };
  });
}

function kindOf({ source, found }: Suspect): 'changed' | 'missing' | 'extra' {
  if (source === null) return 'extra';
  return found === null ? 'missing' : 'changed';
}

/** What is stale may have become equal by the change that is newer: that is seen when it is compared again. */
function fateOf(row: Suspect, outcome: Outcome | undefined): RowFate {
  const about = { place: row.identity, kind: kindOf(row) };
  if (outcome?.kind === 'failed')
    return { ...about, fate: 'open', why: `${outcome.error.code}: ${outcome.error.message}` };
  const why = outcome?.kind === 'stale' ? 'the store says that it holds a newer change' : null;
  return { ...about, fate: 'equal', why };
}

function openFate(place: string, kind: RowFate['kind'], why: string | null = null): RowFate {
  return { place, kind, fate: 'open', why };
}

/** Null when the operator has interrupted it, which is no error. */
async function unlessInterrupted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | null> {
  try {
    return signal.aborted ? null : await work();
  } catch (error) {
    if (!signal.aborted) throw error;
    return null;
  }
}
