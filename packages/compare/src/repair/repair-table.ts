import type { RowEnvelope } from '@sluice/envelope';
import type { Delivery, Outcome } from '@sluice/sink-kit';
import { isSettled, lookAgain, settle, type Suspect } from '../running/suspects.ts';
import type { RepairParts, RowsAtPoint } from './repair-parts.ts';
import { suspectOf, type ReportedRow } from './report-rows.ts';
import { recordsOf, withDisplaced, type RowsToWrite } from './rows-to-write.ts';
import type { RowPlace } from './store-repair.ts';

/** What a row turned out to be when it was looked at again, and what became of it. */
export interface RowFate {
  readonly place: string;
  readonly kind: 'changed' | 'missing' | 'extra' | 'equal' | 'unknown';
  /** `equal`: so it was, or is by now; `different`: written, and still not equal; `open`: nothing was done. */
  readonly fate: 'equal' | 'different' | 'open';
  /** Why it is `open`, or still different; null otherwise. */
  readonly why: string | null;
  /** It was not asked for: it held a value that a repaired row gets, and that the store has once only. */
  readonly gaveWay?: true;
}

const ROWS_AT_ONCE = 500;
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
      await unlessInterrupted(parts.signal, () => parts.pace.took(judged.fates.length));
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
  const judged = await repaired(open, deliveries, point, parts);
  return { ...judged, fates: [...fates, ...judged.fates] };
}

async function repaired(
  open: readonly Suspect[],
  own: readonly Delivery[],
  point: RowsAtPoint,
  parts: RepairParts,
): Promise<Judged> {
  const all = await withDisplaced({ suspects: open, deliveries: own }, point, parts);
  if (typeof all === 'string')
    return { fates: open.map((row) => openFate(row.identity, kindOf(row), all)), written: [] };
  await keep(all, point, parts);
  const outcomes = await written(all.deliveries, parts);
  const fates = all.suspects.map((row, index) => {
    const fate = fateOf(row, outcomes.get(all.deliveries[index] as Delivery));
    return index < open.length ? fate : { ...fate, gaveWay: true as const };
  });
  return { fates, written: all.suspects.filter((_, index) => fates[index]?.fate !== 'open') };
}

/**
 * A sink takes a batch of one partition: what it remembers of deletes is kept by partition. Deletes of all partitions come first: where the
 * store takes two keys for one, such as `a` and `A`, a delete behind the write would take away what was written.
 */
async function written(
  deliveries: readonly Delivery[],
  { store }: RepairParts,
): Promise<ReadonlyMap<Delivery, Outcome>> {
  const outcomes = new Map<Delivery, Outcome>();
  const isDelete = ({ envelope }: Delivery): boolean =>
    (envelope as RowEnvelope).payload.operation === 'DELETE';
  const inOrder = [...deliveries.filter(isDelete), ...deliveries.filter((delivery) => !isDelete(delivery))];
  const groupOf = (delivery: Delivery): string =>
    `${isDelete(delivery)} ${delivery.topic} ${delivery.partition}`;
  for (const some of Map.groupBy(inOrder, groupOf).values()) {
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
  { deliveries, gaveWay }: RowsToWrite,
  { sequence }: RowsAtPoint,
  { sink, table: { database, table }, store, undo }: RepairParts,
): Promise<void> {
  const places = deliveries.map(({ topic, partition, key, rowKey }): RowPlace => {
    return { database, table, topic, partition, key, rowKey };
  });
  const kept = await store.kept(places);
  const lines = places.map((place, index) => {
    const line = { sink, ...place, sequence, kept: kept[index] ?? null };
    return gaveWay.has(place.rowKey) ? { ...line, gaveWay: true as const } : line;
  });
  await undo?.append(lines);
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
