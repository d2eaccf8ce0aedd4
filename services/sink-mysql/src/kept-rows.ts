import type { Row, Sequence } from '@sluice/envelope';
import { toPipelineError, type PoolConnection } from '@sluice/mysql';
import { keepStatement, KEYS_PER_STATEMENT } from './row-statements.ts';
import type { KeyPlan, TargetTable } from './target-table.ts';

/**
 * Counts the rows with these keys as written at `sequence`. The keys are of dead letters: some may be of a key that the table
 * has no more, or hold what no such column can. Resolves to how many say nothing of this table. Throws what the server has
 * against the statements as such.
 */
export async function keepRows(
  connection: PoolConnection,
  table: TargetTable,
  keys: readonly Row[],
  sequence: Sequence,
): Promise<number> {
  let lost = 0;
  for (const group of Map.groupBy(keys, (key) => Object.keys(key).join('\0')).values()) {
    const plan = table.keyPlanIfAny(Object.keys(group[0] ?? {}));
    if (plan === null) lost += group.length;
    else lost += await keepGroup({ connection, table, plan, sequence }, group);
  }
  return lost;
}

interface KeepTask {
  readonly connection: PoolConnection;
  readonly table: TargetTable;
  readonly plan: KeyPlan;
  readonly sequence: Sequence;
}

/** Halves a list that holds a key which the server refuses, until that one is alone. */
async function keepGroup(task: KeepTask, keys: readonly Row[]): Promise<number> {
  if (keys.length > KEYS_PER_STATEMENT) return await keepHalves(task, keys);
  try {
    await task.connection.query(keepStatement(task.table, task.plan, keys, task.sequence));
    return 0;
  } catch (error) {
    const failure = toPipelineError(error, 'item');
    if (failure.errorClass !== 'record') throw failure;
    return keys.length === 1 ? 1 : await keepHalves(task, keys);
  }
}

async function keepHalves(task: KeepTask, keys: readonly Row[]): Promise<number> {
  const middle = keys.length >> 1;
  return (await keepGroup(task, keys.slice(0, middle))) + (await keepGroup(task, keys.slice(middle)));
}
