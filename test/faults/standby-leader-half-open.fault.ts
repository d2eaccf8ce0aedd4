import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import { STANDBY_PIPELINE, isIn, startStandby, takesOver } from '../harness/faults/standby-capture.ts';

export const fault: FaultCase = {
  title:
    'Kafka gets what the capture that leads sends, and no answer of Kafka comes back; a standby takes over, and what is still on its way is fenced',
  recoverySeconds: 60,
  pipeline: STANDBY_PIPELINE,
  run: async (scene) => {
    const standby = await startStandby(scene);
    const proxy = scene.proxies.kafka.capture;
    await withGap(scene, async () => {
      proxy.impose({ isBlackhole: true }, 'answers');
      await takesOver(scene, standby);
      await scene.load(20);
    });
    proxy.clear();
    scene.over();
    await isIn(scene.service('capture'), 'standby');
  },
};
