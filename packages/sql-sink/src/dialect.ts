/** Tables of the sink itself, which live in one database of the store; README.md has their columns. */
export type StateTable =
  | 'cdc_offsets'
  | 'sluice_topic_ids'
  | 'sluice_generations'
  | 'sluice_tombstones'
  | 'sluice_shapes'
  | 'sluice_table_shapes'
  | 'sluice_floors'
  | 'sluice_snapshot_ends';

/** What a column of a row that is there already becomes: the value that was to be inserted, the greater of the two, the present time. */
export type ColumnUpdate = 'given' | 'greater' | 'now';

/** Where the SQL of servers differs. Pure; every member gives a piece of a statement, in which `?` stands for a value. */
export interface SqlDialect {
  /** The present time, as a column that notes it has it. */
  readonly now: string;
  /** Behind a SELECT whose rows stay locked until the end of the transaction; '' where a transaction locks the whole store. */
  readonly forUpdate: string;
  identifier(name: string): string;
  /** Quoted name of a table of a database (on some servers: of a schema). */
  table(database: string, table: string): string;
  text(value: string): string;
  /** Literal of bytes that are given as hexadecimal digits. */
  bytes(hex: string): string;
  /** Expression that gives a column of bytes as hexadecimal digits in lower case. */
  hex(column: string): string;
  /** Expression for the time that is `?` seconds after 1970 began in UTC. */
  readonly fromSeconds: string;
  /**
   * Behind an INSERT: what happens where a row with this key is there. Without `updates` it stays as it is, and counts as
   * not changed. All names are quoted where they have to be.
   */
  onConflict(
    table: string,
    keyColumns: readonly string[],
    updates: Readonly<Record<string, ColumnUpdate>>,
  ): string;
  /** A DELETE of at most `limit` rows. */
  deleteSome(table: string, condition: string, limit: number): string;
}
