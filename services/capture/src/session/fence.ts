import { tableId, type TableName } from '@sluice/envelope';
import { TransactionalPublisher } from '@sluice/kafka';
import type { Logger } from '@sluice/runtime';
import { prepareTopics, type TopicRequest } from '../catalog/prepare-topics.ts';
import { TableRegistry } from '../catalog/table-registry.ts';
import type { Fit } from '../preflight/check.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { findLostTables, type LostTables } from './lost-topics.ts';
import type { StartOptions } from './start-options.ts';

/** From here on no other capture of the pipeline can publish. */
export interface Fenced {
  /** Whoever is given it closes it. */
  readonly publisher: TransactionalPublisher;
  /** Tables that have their topics; their versions are still to be restored. */
  readonly registry: TableRegistry;
  readonly lost: LostTables;
}

/** Makes the topics that are missing, and fences every older capture of the pipeline. Only after the checks have passed. */
export async function fence(options: StartOptions, checked: Fit, signal: AbortSignal): Promise<Fenced> {
  const { settings, topics, hasStreamed, log } = options;
  const registry = new TableRegistry(settings.routing, settings.compiler);
  // Also tables that are gone by now: what the stream still has to tell of them goes to their topics.
  const published = [...checked.tables, ...checked.earlier];
  const looks = { topics, looksInside: !hasStreamed, signal };
  const lost = await findLostTables(settings, checked.known, published, looks);
  await prepareTopics(settings, registry, topicsToMake(published, lost), log);
  const publisher = createPublisher(settings, log);
  try {
    await publisher.fence(signal);
  } catch (error) {
    await publisher.close();
    throw error;
  }
  return { publisher, registry, lost };
}

/** Those that have lost theirs get them when a checkpoint tells that their rows are owed: a crash in between must not hide it. */
function topicsToMake(published: readonly TableName[], { missing }: LostTables): TopicRequest {
  const ids = new Set(missing.map(({ database, table }) => tableId(database, table)));
  const tables = published.filter(({ database, table }) => !ids.has(tableId(database, table)));
  return { tables, others: missing.length, internal: true };
}

function createPublisher(settings: CaptureSettings, log: Logger): TransactionalPublisher {
  return new TransactionalPublisher({
    kafka: settings.config.kafka,
    transactionalId: `sluice.${settings.config.pipeline}`,
    compression: settings.config.topics.compression,
    log,
  });
}
