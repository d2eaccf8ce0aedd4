import { setTimeout as delay } from 'node:timers/promises';
import type { Call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import { membersOf, type FoundMembers } from './kafka-knowledge.ts';
import type { OptionValues } from './option-values.ts';
import { meantBy, whoAsks } from './ops-url.ts';
import { processesOf, type SinkProcess } from './sink-processes.ts';

/** While a group is shared out again its members tell nothing of themselves. */
const NAMED_MS = 3000;
const LOOK_MS = 250;

/** The processes of a sink, as its consumer group knows them. */
export interface FoundProcesses {
  /** Null where Kafka does not tell: then others than the one at the configured address may run. */
  readonly members: FoundMembers;
  readonly processes: readonly SinkProcess[];
  /** Members that do not say where they answer. */
  readonly nameless: number;
}

export async function findProcesses(config: SluiceConfig, sink: string): Promise<FoundProcesses> {
  for (const until = performance.now() + NAMED_MS; ;) {
    const members = await membersOf(config, sink);
    const processes = processesOf(members.list ?? [], `sink-${sink}`);
    const nameless = (members.list?.length ?? 0) - processes.length;
    if (nameless === 0 || performance.now() > until) return { members, processes, nameless };
    await delay(LOOK_MS);
  }
}

/** A process by its own address, as the one that is meant. */
export function callOf(
  config: SluiceConfig,
  path: readonly string[],
  { instance, url }: SinkProcess,
  values: OptionValues,
): Call {
  return { url, ...whoAsks(values), meant: { ...meantBy(config, path), instance } };
}

/** Which processes of a sink were not looked for, or not found; null when it is all of them. */
export function unseenOf(problem: string | null, nameless: number): string | null {
  if (problem !== null)
    return `whether other processes of it run is not known, Kafka does not tell: ${problem}`;
  if (nameless === 0) return null;
  const some = nameless === 1 ? 'a process' : `${nameless} processes`;
  return `${some} of its consumer group did not say where to ask: of an earlier version, or joining at this moment`;
}
