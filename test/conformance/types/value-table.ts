/** SQL expressions by column, and the JSON text that they must become where that is a matter of rule. */
export interface ValueRow {
  readonly sql: Readonly<Record<string, string>>;
  readonly json: Readonly<Record<string, string>>;
}

/** A table with a column `id int NOT NULL`, and the rows whose values are followed through the pipeline. */
export interface ValueTable {
  readonly name: string;
  readonly family: string;
  /** What the table is about: a column type as written in CREATE TABLE, or a few words. */
  readonly title: string;
  /** What stands between the parentheses of CREATE TABLE. */
  readonly definition: string;
  /** In key order; `id` is one of them. */
  readonly key: readonly string[];
  /** Columns whose values are followed. */
  readonly columns: readonly string[];
  /** The one that a page shows values of; without it, the first where there are but one or two. */
  readonly example?: string;
  /** Columns that must not be there. */
  readonly absent?: readonly string[];
  readonly rows: readonly ValueRow[];
}
