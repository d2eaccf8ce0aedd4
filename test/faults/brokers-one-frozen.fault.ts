import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import { areInSync, SINKS_MAY_RESTART, THREE_COPIES } from '../harness/faults/several-brokers.ts';

/** A request to a broker that takes connections and answers nothing is given up after 30 s; a few of them follow each other. */
const UNANSWERED_MS = 240_000;

export const fault: FaultCase = {
  title:
    'of three Kafka brokers the first in `kafka.brokers` hangs (SIGSTOP) and still takes connections: all goes on without it, and it wakes',
  recoverySeconds: 45,
  brokers: 3,
  pipeline: THREE_COPIES,
  restarts: SINKS_MAY_RESTART,
  limitSeconds: 480,
  run: async (scene) => {
    const { cluster } = scene;
    await areInSync(scene, cluster.ids);
    const [frozen] = cluster.ids;
    if (frozen === undefined) throw new Error('no broker');
    await withGap(scene, async () => {
      await cluster.kill(frozen, 'SIGSTOP');
      await scene.flows(undefined, UNANSWERED_MS);
      await cluster.kill(frozen, 'SIGCONT');
    });
    scene.over();
    await areInSync(scene, cluster.ids);
  },
};
