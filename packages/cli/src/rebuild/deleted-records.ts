import { setTimeout as delay } from 'node:timers/promises';
import { tableIdOf } from '@sluice/envelope';
import type { GroupWatch } from '@sluice/kafka';
import { PipelineError } from '@sluice/runtime';
import { selectionOf } from '@sluice/sink-kit/selection';
import { plural } from '../operator/screen.ts';
import { putAt, topicsOfTables } from './filling-group.ts';
import type { RebuildParts } from './rebuild-order.ts';

const EVERY_MS = 300;
const MET_MS = 60_000;

/**
 * A sink that has stopped at records which are deleted continues behind them: their rows are in the new places.
 * @param group of the sink
 * @param tables that were rebuilt, as `database.table`
 */
export async function passDeleted(
  parts: RebuildParts,
  watch: Pick<GroupWatch, 'positions'>,
  group: string,
  tables: readonly string[],
): Promise<void> {
  const { config, sink, running, screen } = parts;
  const positions = await watch.positions(group, ownTopics(parts, tables));
  const places = positions
    .filter(({ committed, low, high }) => committed !== null && (committed < low || committed > high))
    .map(({ topic, partition, low }) => ({ topic, partition, offset: low }));
  if (places.length === 0) return;
  // It looks from time to time whether the gap is over, and is in its group for as long.
  for (const startedAt = Date.now(); ;) {
    try {
      await putAt({ config, group, sink }, places);
      break;
    } catch (error) {
      const isMet = error instanceof PipelineError && error.code === 'GROUP_ACTIVE';
      if (!isMet || Date.now() - startedAt > MET_MS) throw error;
      await delay(EVERY_MS, undefined, { signal: running.signal });
    }
  }
  screen.say(
    `${plural(places.length, 'partition')} with deleted records: sink ${sink} continues behind them`,
  );
}

/** Topics that have rows of no other table. */
function ownTopics({ config, sink, running }: RebuildParts, tables: readonly string[]): readonly string[] {
  const selection = selectionOf(config, sink);
  const taken = running.pipeline.tables.filter(({ database, table }) =>
    selection.takesTable(database, table),
  );
  const others = taken.map(tableIdOf).filter((id) => !tables.includes(id));
  const shared = new Set(topicsOfTables(config, others));
  return topicsOfTables(config, tables).filter((topic) => !shared.has(topic));
}
