import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'the source MySQL is stopped in order and started again',
  recoverySeconds: 45,
  run: async (scene) => {
    await scene.stack.restart('mysql');
    scene.over();
  },
};
