import type { RowImage } from '@sluice/binlog';
import type { SchemaColumn } from '@sluice/envelope';
import type { HashKey } from './hash-key.ts';

/** The values of one row, from wherever they were read. */
export type ValueImage = Pick<RowImage, 'write' | 'isNull'>;

/** Which rows of a table are published. */
export interface RowCondition {
  /** As it was written. */
  readonly text: string;
  /** Places in row images that it looks at. */
  readonly places: ReadonlySet<number>;
  /** Whether a row is published; what is neither true nor false because of a NULL is not. */
  holds(image: ValueImage): boolean;
}

/** How the values of a published column come from those of its column in the source. */
export type ValueStep =
  | { readonly kind: 'write' }
  | { readonly kind: 'mask'; readonly text: string }
  /** `of`: what the column's key is derived from; absent where all columns have one key. */
  | { readonly kind: 'hash'; readonly of?: string }
  | { readonly kind: 'truncate'; readonly characters: number };

export interface PublishedColumn {
  readonly column: SchemaColumn;
  /** Place of the source's column in a row image. */
  readonly place: number;
  readonly step: ValueStep;
}

/** What is published of a table's columns where that is not all of them as they are. */
export interface ColumnPlan {
  readonly columns: readonly PublishedColumn[];
  /** Published names of the key columns in key order. */
  readonly keyColumns: readonly string[];
  /** Two plans with equal text publish the same of the same schema. */
  readonly text: string;
}

export type SourceOperation = 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';

/** What the settings make of one version of a table. */
export interface TablePublication {
  /** Null when all columns are published as they are. */
  readonly plan: ColumnPlan | null;
  /** Needed by the plan's hashed columns. */
  readonly hashKey: HashKey | null;
  /** Which rows are published; null when all are. */
  readonly condition: RowCondition | null;
  /** Changes that are not published; null when all are. */
  readonly skips: ReadonlySet<SourceOperation> | null;
  /** Published names of the key columns that decide on the partition, in key order; null when the whole key does. */
  readonly partitionBy: readonly string[] | null;
  /** Place in row images of the column with the row's `traceparent`; null where there is none, or it is not published as it is. */
  readonly traceColumn: number | null;
}

export const PUBLISH_AS_IS: TablePublication = {
  plan: null,
  hashKey: null,
  condition: null,
  skips: null,
  partitionBy: null,
  traceColumn: null,
};
