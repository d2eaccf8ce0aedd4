import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import { STANDBY_PIPELINE, isIn, startStandby, takesOver } from '../harness/faults/standby-capture.ts';

export const fault: FaultCase = {
  title:
    'the capture that leads is killed (kill -9); a standby takes over, and the killed one comes back as a standby',
  recoverySeconds: 30,
  pipeline: STANDBY_PIPELINE,
  run: async (scene) => {
    const standby = await startStandby(scene);
    const capture = scene.service('capture');
    await withGap(scene, async () => {
      await capture.kill();
      await takesOver(scene, standby);
      scene.over();
      await scene.load(20);
    });
    await capture.relaunch();
    await isIn(capture, 'standby');
  },
};
