import type { StoreRepair } from '@sluice/compare';
import { groupHasOffsets, kafkaClient } from '@sluice/kafka';
import { createLogger, ownNameOf, Registry, type SluiceConfig } from '@sluice/runtime';
import { tombstoneLifeMs } from '@sluice/sink-kit';
import { selectionOf } from '@sluice/sink-kit/selection';
import { CommandFailed } from './command-failed.ts';
import { importCompare } from './optional-packages.ts';

/** The sink's store, by the sink's own code, as one more process of it. Throws CommandFailed for a sink that cannot be repaired. */
export async function openRepairedSink(config: SluiceConfig, name: string): Promise<StoreRepair> {
  const { openStoreRepair } = await importCompare(() => import('@sluice/compare'));
  const log = createLogger('sluice', { level: 'silent' });
  const kafka = kafkaClient(config.kafka, log);
  const group = `${config.pipeline}.${name}`;
  const store = await openStoreRepair({
    name,
    config,
    contextOf: ({ tombstoneDays }) => ({
      pipeline: config.pipeline,
      name,
      section: `sinks.${name}`,
      named: ownNameOf(config, name),
      sourceTables: selectionOf(config, name).patterns,
      prefix: config.topics.prefix,
      group,
      hasProgress: () => groupHasOffsets(kafka, group),
      tombstoneLifeMs: tombstoneLifeMs(tombstoneDays, config.topics),
      log,
      registry: new Registry(),
    }),
  });
  if (store === null) throw new CommandFailed(`sink ${name} cannot be repaired: its package has no ./repair`);
  return store;
}
