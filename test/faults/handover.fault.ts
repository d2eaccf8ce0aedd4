import type { FaultCase } from '../harness/faults/fault-case.ts';
import { withGap } from '../harness/faults/reader-gap.ts';
import { STANDBY_PIPELINE, isIn, startStandby } from '../harness/faults/standby-capture.ts';

export const fault: FaultCase = {
  title: 'capture is handed over to a standby under load, and back',
  recoverySeconds: 20,
  pipeline: STANDBY_PIPELINE,
  run: async (scene) => {
    const standby = await startStandby(scene);
    const capture = scene.service('capture');
    for (const [from, to] of [
      [capture, standby],
      [standby, capture],
    ] as const) {
      await withGap(scene, async () => {
        const { status } = await from.process.order('/api/v1/capture/handover', { by: 'test' });
        if (status !== 202) throw new Error(`the order was answered with ${status}`);
        const tookMs = await isIn(to, 'streaming', 'snapshot');
        scene.figures.push(
          `the other capture streamed ${Math.round(tookMs)} ms after the answer to the order`,
        );
        await isIn(from, 'standby');
        await scene.load(20);
      });
    }
    scene.over();
  },
};
