import type { Step } from './batching.ts';
import { coalesce } from './coalesce.ts';
import type { Entry } from './decode.ts';
import type { WorkGroup } from './isolate.ts';
import { withoutRemoval } from './reconciliation.ts';
import type { Delivery } from './sink.ts';
import type { TableSelection } from './table-selection.ts';
import { BatchTally } from './tally.ts';

/** A step on its way into the store; kept over retries in place, so that only what is left is tried again. */
export interface StepProgress {
  readonly step: Step;
  readonly tally: BatchTally;
  /** Older changes of a key, by the record key of the change that is written in their place. */
  readonly superseded: Map<string, readonly Delivery[]>;
  /** Records that cannot be read and are no dead letters yet. */
  readonly poison: Extract<Entry, { kind: 'poison' }>[];
  /** What is left to be written, in log order. */
  readonly groups: WorkGroup[];
  /** Offsets of the records by which tables were made again for it: each once, then it waits. */
  readonly remade: Set<bigint>;
  /** Offset that the sink itself has stored, by the contract of `OffsetStore`. */
  stored: bigint;
}

/** A step of which nothing is done: of each key only the newest change is to be written. */
export function newProgress(step: Step, selection: TableSelection): StepProgress {
  const common = { step, tally: new BatchTally(), stored: 0n, remade: new Set<bigint>() };
  if (step.kind === 'control') {
    const groups = [{ deliveries: [withoutRemoval(step.delivery, selection)], refusals: 0 }];
    return { ...common, superseded: new Map(), poison: [], groups };
  }
  const { winners, superseded } = coalesce(step.rows);
  const groups = winners.length === 0 ? [] : [{ deliveries: winners, refusals: 0 }];
  return { ...common, superseded: new Map(superseded), poison: [...step.poison], groups };
}
