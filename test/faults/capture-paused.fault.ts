import type { FaultCase } from '../harness/faults/fault-case.ts';

const PAUSED_MS = 6000;

export const fault: FaultCase = {
  title: 'capture hangs for 6 s (SIGSTOP) while the source goes on',
  recoverySeconds: 20,
  run: async (scene) => {
    const capture = scene.service('capture');
    capture.pause();
    await scene.goOn(PAUSED_MS);
    capture.resume();
    scene.over();
  },
};
