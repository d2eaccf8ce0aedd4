import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import { STANDBY_PIPELINE, isIn, startStandby, takesOver } from '../harness/faults/standby-capture.ts';

export const fault: FaultCase = {
  title:
    'the capture that leads is stopped (SIGSTOP) until a standby takes over, and woken: it publishes nothing more',
  recoverySeconds: 30,
  pipeline: STANDBY_PIPELINE,
  run: async (scene) => {
    const standby = await startStandby(scene);
    const capture = scene.service('capture');
    await withGap(scene, async () => {
      capture.pause();
      await takesOver(scene, standby);
      await scene.load(20);
    });
    capture.resume();
    scene.over();
    await isIn(capture, 'standby');
  },
};
