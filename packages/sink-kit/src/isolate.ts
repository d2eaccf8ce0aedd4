import type { Delivery, Outcome } from './sink.ts';

/** Deliveries to be given to the store at once. */
export interface WorkGroup {
  readonly deliveries: readonly Delivery[];
  /** Times that this one delivery was refused alone; 0 for a group. */
  readonly refusals: number;
}

export interface Sorted {
  readonly settled: readonly { readonly delivery: Delivery; readonly outcome: Outcome }[];
  readonly refused: readonly Delivery[];
  readonly unanswered: readonly Delivery[];
}

/** Sorts outcomes: done; refused for itself (class `record`); to be tried again as it is (any other class). */
export function sortOutcomes(group: WorkGroup, outcomes: readonly Outcome[]): Sorted {
  const settled: { delivery: Delivery; outcome: Outcome }[] = [];
  const refused: Delivery[] = [];
  const unanswered: Delivery[] = [];
  group.deliveries.forEach((delivery, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) throw new RangeError('the sink gave fewer outcomes than deliveries');
    if (outcome.kind !== 'failed') settled.push({ delivery, outcome });
    else if (outcome.error.errorClass === 'record') refused.push(delivery);
    else unanswered.push(delivery);
  });
  return { settled, refused, unanswered };
}

/**
 * The groups that take the place of refused deliveries: halves, so that a store that refuses a whole batch for one record
 * is asked about log2 of its size more often; a single one alone, with its refusals counted. Order is kept: a store that
 * keeps offsets must not see a later record before an earlier one has its outcome.
 */
export function isolate(group: WorkGroup, refused: readonly Delivery[]): readonly WorkGroup[] {
  if (refused.length === 0) return [];
  if (refused.length === 1) return [{ deliveries: refused, refusals: group.refusals + 1 }];
  const middle = refused.length >> 1;
  return [
    { deliveries: refused.slice(0, middle), refusals: 0 },
    { deliveries: refused.slice(middle), refusals: 0 },
  ];
}
