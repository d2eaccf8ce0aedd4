import { parseTableId, tableId, tableIdOf, type TableName } from '@sluice/envelope';

/** Which tables were made, and which names were given up, by the statements of this session. */
export class TableNames {
  /** Tables that the stream has seen being made, and whether all their rows are in the stream. */
  readonly #created = new Map<string, boolean>();
  /** Names that tables have lost, and that no other has got since. */
  readonly #lost = new Set<string>();

  /**
   * A statement makes the table.
   * @param isNew whether the statement alone says that it was not there before
   * @returns whether it is new: one that is made if it is missing is, when its name was given up
   */
  create(table: TableName, isNew: boolean): boolean {
    const id = tableIdOf(table);
    const wasLost = this.#lost.delete(id);
    this.#created.set(id, wasLost || isNew);
    return wasLost || isNew;
  }

  /** A statement may have given the table other rows than the stream tells. */
  alter(table: TableName): void {
    const id = tableIdOf(table);
    if (this.#created.has(id)) this.#created.set(id, false);
  }

  /** Another table has got the name. */
  give(table: TableName): void {
    this.#lost.delete(tableIdOf(table));
  }

  /** No table has the name any more. */
  take(table: TableName): void {
    const id = tableIdOf(table);
    this.#lost.add(id);
    this.#created.delete(id);
  }

  /** Whether a statement has taken the table's name away, and none has given it to another since. */
  hasLost({ database, table }: TableName): boolean {
    return this.#lost.has(tableId(database, table));
  }

  /** Whether the stream has seen the table being made, empty, and nothing since that may have brought rows: it has them all then. */
  wasCreated({ database, table }: TableName): boolean {
    return this.#created.get(tableId(database, table)) === true;
  }

  /** Whether a statement has made a table of this name, or taken it away. */
  isTold(table: TableName): boolean {
    const id = tableIdOf(table);
    return this.#lost.has(id) || this.#created.has(id);
  }

  /** Tables that the stream has seen being made. */
  get created(): readonly TableName[] {
    return [...this.#created.keys()].map(parseTableId);
  }
}
