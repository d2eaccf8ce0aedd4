import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import { STANDBY_PIPELINE, isIn, startStandby, takesOver } from '../harness/faults/standby-capture.ts';

export const fault: FaultCase = {
  title: 'the source refuses the capture that leads; a standby that can reach it takes over',
  recoverySeconds: 30,
  pipeline: STANDBY_PIPELINE,
  run: async (scene) => {
    const standby = await startStandby(scene);
    const { source } = scene.proxies;
    await withGap(scene, async () => {
      await source.refuse();
      source.reset();
      await takesOver(scene, standby);
      await scene.load(20);
    });
    await source.accept();
    scene.over();
    await isIn(scene.service('capture'), 'standby');
  },
};
