import type { Sequence } from '@sluice/envelope';
import { toPipelineError, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import type { Delivery, Outcome } from '@sluice/sink-kit';
import { isNewer, toSequence, type Guards } from '@sluice/sql-sink';
import {
  deleteStatement,
  guardStatement,
  insertStatements,
  KEYS_PER_STATEMENT,
  pendingRow,
  type PendingRow,
} from './row-statements.ts';
import { send, type RowTask } from './row-task.ts';
import { insertAgainstStrangers } from './unique-conflicts.ts';

const APPLIED: Outcome = { kind: 'applied' };
const STALE: Outcome = { kind: 'stale' };

/**
 * Applies rows of one table, no key twice, inside the caller's transaction. Every row is compared with the sequence that
 * the target holds for its key, in the row itself or in a tombstone, under a lock. Throws when the server refuses anything.
 */
export async function writeRows(
  task: RowTask,
  guards: Guards,
  batch: readonly Delivery[],
): Promise<Outcome[]> {
  const outcomes = new Array<Outcome>(batch.length).fill(STALE);
  const rows = batch
    .map((delivery, position) => pendingRow(delivery, position, task.plan))
    .filter((row) => row.sequence >= guards.truncateWatermark);
  const left = await insertNew(task, guards, rows, outcomes);
  if (left.length === 0) return outcomes;
  const stored = await storedSequences(task, guards, left);
  if (stored.size === 0) task.table.insertsAreNew = true;
  await apply(
    task,
    left.filter((row) => isNewer(row.envelope, stored.get(row), task.purpose)),
    stored,
    outcomes,
  );
  return outcomes;
}

/**
 * Rows that are all inserts are mostly new: then the INSERT itself is the guard, because it fails for a key that is there.
 * Resolves to the rows that still have to be compared.
 */
async function insertNew(
  task: RowTask,
  guards: Guards,
  rows: readonly PendingRow[],
  outcomes: Outcome[],
): Promise<readonly PendingRow[]> {
  const { table } = task;
  const isInsert = ({ envelope, sequence }: PendingRow): boolean =>
    (envelope.payload.operation === 'INSERT' || envelope.payload.operation === 'SNAPSHOT') &&
    sequence > guards.newestTombstone;
  if (!table.insertsAreNew || !rows.every(isInsert)) return rows;
  let done = 0;
  try {
    for (const statement of insertStatements(table, rows, 'insert')) {
      await send(task, statement.sql);
      for (const row of statement.rows) outcomes[row.position] = APPLIED;
      done += statement.rows.length;
    }
  } catch (error) {
    // A row that is refused may be an old one, which the guard does not let near the table: of before a column was dropped, say.
    table.insertsAreNew = false;
    // Of what is not known nobody can say whether the transaction is still open.
    const { errorClass } = toPipelineError(error, 'connection');
    if (errorClass !== 'record' && errorClass !== 'schema') throw error;
  }
  return rows.slice(done);
}

/** The sequence each key was last written or deleted at; keys never seen are absent. */
async function storedSequences(
  task: RowTask,
  guards: Guards,
  rows: readonly PendingRow[],
): Promise<Map<PendingRow, Sequence>> {
  const stored = new Map<PendingRow, Sequence>();
  const byText = new Map(rows.map((row) => [row.keyText, row]));
  for (const chunk of chunks(rows)) {
    const found = await select(task.connection, guardStatement(task.table, task.plan, chunk));
    for (const columns of found) {
      const sequence = columns.pop();
      const row = byText.get(columns.join('\0'));
      // The target's collation makes one of two keys: ask for each key by itself.
      if (row === undefined) {
        task.table.mergesKeys = true;
        return await storedOneByOne(task, guards, rows);
      }
      stored.set(row, toSequence(sequence));
    }
  }
  return await task.guards.addDeleted(task.connection, task.origin, guards, rows, stored);
}

async function storedOneByOne(
  task: RowTask,
  guards: Guards,
  rows: readonly PendingRow[],
): Promise<Map<PendingRow, Sequence>> {
  const stored = new Map<PendingRow, Sequence>();
  for (const row of rows) {
    const [found] = await select(task.connection, guardStatement(task.table, task.plan, [row]));
    if (found !== undefined) stored.set(row, toSequence(found.at(-1)));
  }
  return await task.guards.addDeleted(task.connection, task.origin, guards, rows, stored);
}

async function apply(
  task: RowTask,
  rows: readonly PendingRow[],
  stored: ReadonlyMap<PendingRow, Sequence>,
  outcomes: Outcome[],
): Promise<void> {
  const deletes = rows.filter(({ after }) => after === null);
  const writes = rows.filter(({ after }) => after !== null);
  // ON DUPLICATE KEY UPDATE fires on any unique index and would change a stranger's row; and it leaves the key as it was.
  const replaces = task.plan.otherUnique.length > 0 || task.table.mergesKeys;
  await remove(
    task,
    (replaces ? rows : deletes).filter((row) => stored.has(row)),
  );
  await task.guards.noteDeleted(task.connection, task.origin, deletes);
  for (const { position } of rows) outcomes[position] = APPLIED;
  if (replaces) {
    const outdated = await insertAgainstStrangers(task, writes);
    for (const { position } of outdated) outcomes[position] = STALE;
    return;
  }
  for (const statement of insertStatements(task.table, writes, 'upsert')) await send(task, statement.sql);
}

async function remove(task: RowTask, rows: readonly PendingRow[]): Promise<void> {
  for (const chunk of chunks(rows))
    await task.connection.query(deleteStatement(task.table, task.plan, chunk));
}

async function select(connection: PoolConnection, sql: string): Promise<unknown[][]> {
  const [found] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return found as unknown as unknown[][];
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += KEYS_PER_STATEMENT) {
    yield items.slice(from, from + KEYS_PER_STATEMENT);
  }
}
