import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import {
  areInSync,
  areLeaderless,
  SINKS_MAY_RESTART,
  THREE_COPIES,
} from '../harness/faults/several-brokers.ts';
import { isTold } from '../harness/faults/told.ts';

export const fault: FaultCase = {
  title:
    'of three Kafka brokers the last with every record is gone and a stale one is back: it may not lead, capture waits and says so until the other returns',
  recoverySeconds: 60,
  brokers: 3,
  pipeline: THREE_COPIES,
  restarts: SINKS_MAY_RESTART,
  limitSeconds: 360,
  run: async (scene) => {
    const { cluster } = scene;
    const [stale, second, last] = cluster.ids as [number, number, number];
    await areInSync(scene, cluster.ids);
    await withGap(scene, async () => {
      await cluster.kill(stale);
      await areInSync(scene, [second, last]);
      await scene.flows(undefined, 60_000);
      // One copy is fewer than min.insync.replicas: nothing is taken any more.
      await cluster.kill(second);
      await isTold(scene, 'capture', { component: 'kafka', code: 'KAFKA_UNREACHABLE' });
      await scene.isHeldBack(['redis', 'elasticsearch', 'mysql'], 1000);
      // In order: of copies that were all killed Kafka takes none before every one is back that may have had more (KIP-966).
      await cluster.kill(last, 'SIGTERM');
      await cluster.start(stale);
      await areLeaderless(scene);
      await isTold(scene, 'capture', { component: 'kafka', code: 'KAFKA_UNREACHABLE' });
      await scene.load(20);
      await scene.isHeldBack(['redis', 'elasticsearch', 'mysql'], 3000);
      await areLeaderless(scene);
      await cluster.start(last);
      scene.over();
    });
    await cluster.start(second);
    await areInSync(scene, cluster.ids);
  },
};
