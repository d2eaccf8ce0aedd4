import type { AuditTrail } from '@sluice/kafka';
import { heapRoute, openApiRoute } from '@sluice/ops-api';
import { startOpsServers, type OpsServers, type ServiceContext } from '@sluice/runtime';
import type { DeadLetterManager } from './dead-letters/dead-letter-manager.ts';
import type { IncompleteTopic } from './incomplete.ts';
import { replayOne } from './replay-one.ts';
import type { SinkReader } from './sink-reader.ts';
import { healthOf, statusOf } from './status.ts';
import { tableRoutes } from './table-routes.ts';
import type { WorkerContext } from './worker-context.ts';

export interface SinkPagesParts {
  readonly service: ServiceContext;
  readonly context: WorkerContext;
  /** Of the sink's settings, for messages. */
  readonly section: string;
  readonly deadLetters: DeadLetterManager;
  readonly reader: Pick<SinkReader, 'pauses' | 'looked'>;
  readonly audit: AuditTrail;
}

/** Starts what an operator sees of a sink, and gives orders to: probes, metrics, `/status` and the API. */
export function startSinkPages(parts: SinkPagesParts): Promise<OpsServers> {
  const { service, context, section, deadLetters, reader, audit } = parts;
  const { pauses } = reader;
  const {
    name,
    group,
    sink,
    breaker,
    held,
    published,
    routing,
    settings,
    state,
    stopping: signal,
    log,
  } = context;
  const identity = { pipeline: service.config.pipeline, sink: name, group, config: service.loaded };
  const lately = { latency: context.latency, rates: context.metrics.rates };
  return startOpsServers({
    ...settings.ops,
    registry: service.metrics.registry,
    audit,
    need: service.need,
    log,
    own: { pipeline: identity.pipeline, service: `sink-${name}` },
    setting: `${section}.ops`,
    routes: [
      openApiRoute,
      heapRoute(),
      ...deadLetters.routes((delivery) => replayOne({ sink, breaker, signal, published }, delivery)),
      ...tableRoutes({
        sink: name,
        held,
        routing,
        looked: (topic) => reader.looked(topic),
        release: (id, by, reason) => deadLetters.release(id, by, reason),
        log,
      }),
    ],
    health: () => healthOf(state, pauses.all, missingOf(context)),
    status: () => statusOf(identity, state, pauses.all, missingOf(context), lately, Date.now()),
  });
}

function missingOf({ incomplete, skipped }: WorkerContext): readonly IncompleteTopic[] {
  return [...incomplete.all, ...skipped.all];
}
