import type { FaultCase } from '../harness/faults/fault-case.ts';

const STOPPED_WITHIN_S = 10;

export const fault: FaultCase = {
  title: 'capture is told to stop under load, and started again',
  recoverySeconds: 30,
  run: async (scene) => {
    const capture = scene.service('capture');
    const { code, seconds } = await capture.stop();
    if (code !== 0 || seconds > STOPPED_WITHIN_S) throw new Error(`exit code ${code} after ${seconds} s`);
    await scene.load(10);
    await capture.relaunch();
    scene.over();
  },
};
