import type { SchemaColumn, TableOutline } from '@sluice/envelope';
import type { PreflightProblem } from '@sluice/runtime';

/** What capture would do with a configuration, before it does anything: what `sluice plan` shows. */
export interface CapturePlan {
  readonly source: { readonly flavour: string; readonly version: string };
  readonly topics: readonly PlannedTopic[];
  readonly tables: readonly TablePlan[];
  /** Capture would refuse to start because of these. */
  readonly problems: readonly PreflightProblem[];
  readonly warnings: readonly string[];
}

export interface PlannedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly exists: boolean;
}

/** One column of the source and what becomes of it. */
export interface ColumnOutline {
  readonly source: string;
  /** As it is published; null when it is left out. */
  readonly published: SchemaColumn | null;
  readonly publication: string;
}

export interface TablePlan extends TableOutline {
  readonly topics: readonly string[];
  /** Of each of its topics. */
  readonly partitions: number;
  /** What stands in front of the key columns in a record key, as JSON; '' in a topic of its own. */
  readonly keyMembers: string;
  readonly sourceColumns: readonly ColumnOutline[];
  /** Changes of the source that are published. */
  readonly operations: readonly string[];
  /** Condition that published rows meet; null when all rows are published. */
  readonly where: string | null;
  /** What happens to it at the next start. */
  readonly change: string;
  /** The settings cannot be applied to it: nothing is known of its columns then. */
  readonly refused: boolean;
}
