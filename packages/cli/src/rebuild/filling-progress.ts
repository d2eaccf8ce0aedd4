import { setTimeout as delay } from 'node:timers/promises';
import { tableIdOf } from '@sluice/envelope';
import type { GroupWatch } from '@sluice/kafka';
import type { TablePlan } from '@sluice/ops-api';
import { CommandFailed } from '../operator/command-failed.ts';
import type { RunningPipeline } from '../operator/running-pipeline.ts';
import { recordsLeft, type TopicEnds } from '../operator/sink-applied.ts';

const EVERY_MS = 300;
const SAID_EVERY_MS = 30_000;

export interface FillingProgress {
  readonly watch: Pick<GroupWatch, 'positions'>;
  /** Of the filling sink. */
  readonly group: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Where the topics are when capture has published all that the source has committed. */
export async function publishedEnds(
  { pipeline }: Pick<RunningPipeline, 'pipeline'>,
  plans: readonly TablePlan[],
): Promise<TopicEnds> {
  const ends = new Map<string, readonly bigint[]>();
  for (const plan of plans) {
    const found = await pipeline.endsOf(plan);
    if (found.kind === 'unknown') throw new CommandFailed(`${tableIdOf(plan)}: ${found.why}`);
    for (const [topic, offsets] of found.ends) ends.set(topic, offsets);
  }
  return ends;
}

/** Waits until the filling sink has applied all up to the ends. @param check throws when waiting has no use any more */
export async function caughtUp(
  { watch, group, say, signal }: FillingProgress,
  ends: TopicEnds,
  check: () => void,
): Promise<void> {
  for (let saidAt = performance.now(); ;) {
    check();
    const left = recordsLeft(await watch.positions(group, [...ends.keys()]), ends);
    if (left === 0n) return;
    if (performance.now() - saidAt > SAID_EVERY_MS) {
      say(
        `${left} records to be applied beside the old ones; a table that a policy of \`ddl\` holds waits for ever: cancel then, release it, and begin again`,
      );
      saidAt = performance.now();
    }
    await delay(EVERY_MS, undefined, { signal });
  }
}
