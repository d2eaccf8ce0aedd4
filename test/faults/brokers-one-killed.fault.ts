import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import {
  areInSync,
  busiestBroker,
  checkCopies,
  SINKS_MAY_RESTART,
  THREE_COPIES,
} from '../harness/faults/several-brokers.ts';

export const fault: FaultCase = {
  title:
    'of three Kafka brokers the one that leads most partitions is killed: all goes on without it, and it comes back',
  recoverySeconds: 45,
  brokers: 3,
  pipeline: THREE_COPIES,
  restarts: SINKS_MAY_RESTART,
  run: async (scene) => {
    const { cluster } = scene;
    await checkCopies(scene);
    await areInSync(scene, cluster.ids);
    const killed = await busiestBroker(scene);
    await withGap(scene, async () => {
      await cluster.kill(killed);
      await scene.load(20);
      await scene.flows(undefined, 60_000);
    });
    await cluster.start(killed);
    scene.over();
    await areInSync(scene, cluster.ids);
  },
};
