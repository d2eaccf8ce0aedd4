import { tableIdOf } from '@sluice/envelope';
import type { Done } from '../operator/command.ts';
import { serviceOf } from '../operator/ops-url.ts';
import { isFilledRight } from './compared-rebuild.ts';
import { rebuiltPlans, type RebuildParts } from './rebuild-order.ts';
import { cancelSnapshots, orderSnapshots, snapshotsDone, unfinishedSnapshots } from './snapshot-run.ts';

/**
 * Rebuilds what has no second place: every row is written again where it is, by the guard of the sink, and at the end go those that the
 * source has not. A row that is there is never away. What is under way is capture's: whoever calls this after a crash continues with its jobs.
 */
export async function rebuildInPlace(parts: RebuildParts): Promise<Done> {
  const { config, sink, screen } = parts;
  const plans = rebuiltPlans(parts);
  const tables = plans.map(tableIdOf);
  const run = snapshotRun(parts);
  const under = await unfinishedSnapshots(run, tables);
  const missing = tables.filter((id) => !under.some(({ table }) => table === id));
  const ordered = missing.length === 0 ? [] : await orderSnapshots(run, missing);
  const jobs = [...under.map(({ id }) => id), ...ordered];
  screen.say(`sink ${sink} is rebuilt in place, by snapshots ${jobs.join(', ')}`);
  await snapshotsDone(run, jobs, () => undefined);
  const section = config.sinks[sink] as object;
  return (await isFilledRight(parts, plans, { name: sink, section })) ? true : 'different';
}

/** Every row that was written is as the source has it: there is nothing to take back. Resolves to how many snapshots are cancelled. */
export async function cancelInPlace(parts: RebuildParts): Promise<number> {
  const run = snapshotRun(parts);
  const under = await unfinishedSnapshots(run, rebuiltPlans(parts).map(tableIdOf));
  const ids = under.map(({ id }) => id);
  await cancelSnapshots(run, ids);
  return ids.length;
}

function snapshotRun({ config, values, by, running, screen }: RebuildParts) {
  const capture = serviceOf(config, ['capture'], values);
  return { capture, by, say: (line: string) => screen.say(line), signal: running.signal };
}
