import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import { STANDBY_PIPELINE, isIn, startStandby, takesOver } from '../harness/faults/standby-capture.ts';

export const fault: FaultCase = {
  title:
    'packets between the capture that leads and Kafka vanish; a standby with a way of its own takes over',
  recoverySeconds: 60,
  pipeline: STANDBY_PIPELINE,
  run: async (scene) => {
    const standby = await startStandby(scene);
    const proxy = scene.proxies.kafka.capture;
    await withGap(scene, async () => {
      proxy.impose({ isBlackhole: true });
      await takesOver(scene, standby);
      await scene.load(20);
    });
    proxy.clear();
    scene.over();
    await isIn(scene.service('capture'), 'standby');
  },
};
