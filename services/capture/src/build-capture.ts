import { auditTopic } from '@sluice/envelope';
import { AuditTrail } from '@sluice/kafka';
import { heapRoute, openApiRoute } from '@sluice/ops-api';
import { startOpsServers, type RunningService, type ServiceContext } from '@sluice/runtime';
import { Capture } from './capture.ts';
import { snapshotRoutes } from './ops/snapshot-routes.ts';

/** Builds the capture service: ops servers at once, then one session after the other until it is told to stop. */
export async function buildCapture(context: ServiceContext): Promise<RunningService> {
  const { config, log, metrics } = context;
  const { kafka, topics } = config;
  const capture = new Capture(context);
  const { registry } = metrics;
  const topic = auditTopic(topics.prefix);
  const audit = new AuditTrail({ kafka, topic, topics, service: 'capture', log, registry });
  const servers = await startOpsServers({
    ...config.capture.ops,
    registry,
    audit,
    need: context.need,
    log,
    health: () => capture.health(),
    status: () => capture.status(),
    own: { pipeline: config.pipeline, service: 'capture' },
    setting: 'capture.ops',
    routes: [
      openApiRoute,
      heapRoute(),
      ...capture.captureRoutes(),
      ...capture.sourceRoutes(),
      ...snapshotRoutes(() => capture.snapshotController),
      ...capture.ddlRoutes(),
    ],
  });
  const done = capture.run(context.signal);
  return {
    done,
    close: async () => {
      await done.catch(() => undefined);
      await servers.close();
      await audit.close();
    },
  };
}
