import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import {
  areInSync,
  coordinator,
  SINKS_MAY_RESTART,
  THREE_COPIES,
} from '../harness/faults/several-brokers.ts';

export const fault: FaultCase = {
  title:
    "the Kafka broker that coordinates capture's transactions is killed, twice: another one coordinates them",
  recoverySeconds: 45,
  brokers: 3,
  pipeline: THREE_COPIES,
  restarts: SINKS_MAY_RESTART,
  limitSeconds: 360,
  run: async (scene) => {
    const { cluster } = scene;
    await areInSync(scene, cluster.ids);
    await withGap(scene, async () => {
      for (let time = 0; time < 2; time++) {
        const killed = await coordinator(scene);
        await cluster.kill(killed);
        await scene.load(20);
        await scene.flows(undefined, 60_000);
        await cluster.start(killed);
        await areInSync(scene, cluster.ids);
      }
      scene.over();
    });
  },
};
