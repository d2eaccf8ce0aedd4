import type { ColumnPlan } from './column-plan.ts';
import type { HashKey } from './hash-key.ts';
import type { RowCondition } from './row-condition.ts';
import type { SourceOperation } from './table-settings.ts';

/** What the settings make of one version of a table. */
export interface Treatment {
  /** Null when all columns are published as they are. */
  readonly plan: ColumnPlan | null;
  /** Needed by the plan's hashed columns. */
  readonly hashKey: HashKey | null;
  /** Which rows are published; null when all are. */
  readonly condition: RowCondition | null;
  /** Changes that are not published; null when all are. */
  readonly skips: ReadonlySet<SourceOperation> | null;
}

export const AS_IT_IS: Treatment = { plan: null, hashKey: null, condition: null, skips: null };
