import type { SluiceConfig } from '@sluice/runtime';
import { askService } from './ask-service.ts';
import { findProcesses, unseenOf } from './find-processes.ts';
import type { FoundMembers } from './kafka-knowledge.ts';
import type { OptionValues } from './option-values.ts';
import { serviceOf } from './ops-url.ts';
import type { Asked } from './sink-processes.ts';

/** A sink, as its processes tell of it. */
export interface AskedProcesses {
  /** Whoever answers at the configured address. */
  readonly configured: Asked;
  /** Every process that the consumer group knows. */
  readonly found: readonly Asked[];
  readonly members: FoundMembers;
  /** Which others may run that were not asked; null when it is all of them. */
  readonly unseen: string | null;
}

/** Asks the configured address and every process of the sink, at once, and none of them twice. Throws CommandFailed as `serviceOf` does. */
export async function askProcesses(
  config: SluiceConfig,
  sink: string,
  values: OptionValues,
): Promise<AskedProcesses> {
  const service = serviceOf(config, ['sinks', sink], values);
  const [told, { members, processes, nameless }] = await Promise.all([
    askService(service),
    findProcesses(config, sink),
  ]);
  const found = await Promise.all(
    processes.map(async ({ instance, url }): Promise<Asked> => {
      const isSame = told.kind === 'told' && told.status.instance === instance;
      return { url, expected: instance, told: isSame ? told : await askService({ ...service, url }) };
    }),
  );
  const unseen = unseenOf(members.problem, nameless);
  return { configured: { url: service.url, expected: null, told }, found, members, unseen };
}
