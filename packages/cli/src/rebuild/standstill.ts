import { setTimeout as delay } from 'node:timers/promises';
import type { GroupWatch } from '@sluice/kafka';
import { sinkStatus } from '@sluice/ops-api';
import { CallFailed, look, type Call } from '@sluice/ops-api/client';
import { recordsLeft, type TopicEnds } from '../operator/sink-applied.ts';
import { processesOf } from '../operator/sink-processes.ts';

/** An order is obeyed within seconds; a batch under way is applied to its end. */
const STILL_MS = 60_000;
const EVERY_MS = 200;
const ALL = '*';

export interface StillSink {
  readonly watch: GroupWatch;
  readonly sink: string;
  readonly group: string;
  readonly topics: readonly string[];
  /** As whom services are asked. */
  readonly who: Pick<Call, 'token' | 'ca'>;
  readonly signal: AbortSignal;
}

/**
 * Waits until a sink that is paused writes nothing: each of its processes knows of the pause, and each partition has been paused or had
 * nothing left before. Resolves to the ends of the topics, below which is all that the sink has written; or to why it does not come to a stand.
 */
export async function standstill(parts: StillSink): Promise<TopicEnds | string> {
  for (const startedAt = Date.now(); ;) {
    const why = await whatMoves(parts);
    if (why === null) return endsOf(parts);
    if (Date.now() - startedAt > STILL_MS) return why;
    await delay(EVERY_MS, undefined, { signal: parts.signal });
  }
}

async function endsOf({ watch, group, topics }: StillSink): Promise<TopicEnds> {
  const positions = await watch.positions(group, topics);
  const byTopic = Map.groupBy(positions, ({ topic }) => topic);
  return new Map([...byTopic].map(([topic, some]) => [topic, some.map(({ high }) => high)]));
}

/** Null when nothing does. */
async function whatMoves(parts: StillSink): Promise<string | null> {
  const { watch, sink, group, topics, who } = parts;
  const members = await watch.members(group);
  const processes = processesOf(members, `sink-${sink}`);
  if (processes.length < members.length)
    return `a process of sink ${sink} does not say where it answers: is it none of Sluice's, or of an earlier version?`;
  const paused = new Set<string>();
  for (const { url } of processes) {
    const status = await statusAt({ ...who, url });
    if (typeof status === 'string') return `sink ${sink} at ${url}: ${status}`;
    if (status.pausedByOperator?.includes(ALL) !== true)
      return `sink ${sink} at ${url} does not obey the pause`;
    for (const { topic, partition } of status.paused ?? []) paused.add(`${topic}/${partition}`);
  }
  if (processes.length === 0) return null;
  const ends = await endsOf(parts);
  const moving = (await watch.positions(group, topics)).find(
    (position) =>
      !paused.has(`${position.topic}/${position.partition}`) && recordsLeft([position], ends) > 0n,
  );
  return moving === undefined ? null : `sink ${sink} is still writing rows of ${moving.topic}`;
}

async function statusAt(service: Call) {
  try {
    return await look({ ...service, timeoutMs: 5000 }, sinkStatus);
  } catch (error) {
    if (error instanceof CallFailed) return error.message;
    throw error;
  }
}
