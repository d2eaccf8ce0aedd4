/** insert, update, delete, truncate: what `operations` of a table can name. */
const OPERATIONS = 4;

/** Whether the settings of a table publish all of its changes: only then a sink must have its rows as they are. */
export function publishesAll(operations: readonly string[]): boolean {
  return new Set(operations).size === OPERATIONS;
}
