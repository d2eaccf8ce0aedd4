import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import { areInSync, SINKS_MAY_RESTART, THREE_COPIES } from '../harness/faults/several-brokers.ts';

export const fault: FaultCase = {
  title: 'three Kafka brokers and their controller are restarted one after the other, as in an upgrade',
  recoverySeconds: 45,
  brokers: 3,
  pipeline: THREE_COPIES,
  restarts: SINKS_MAY_RESTART,
  limitSeconds: 360,
  run: async (scene) => {
    const { cluster } = scene;
    await areInSync(scene, cluster.ids);
    await withGap(scene, async () => {
      for (const id of [...cluster.ids, cluster.controllerId]) {
        await cluster.kill(id, 'SIGTERM');
        await scene.load(10);
        await cluster.start(id);
        await areInSync(scene, cluster.ids);
      }
      scene.over();
    });
  },
};
