import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'the source MySQL is killed under load and started again',
  recoverySeconds: 45,
  inEveryRun: true,
  run: async (scene) => {
    await scene.stack.kill('mysql');
    await scene.sign('capture to be not ready', async () => !(await scene.isReady('capture')));
    if (!(await scene.service('capture').isLive()))
      throw new Error('a restart would not help, yet it asks for one');
    await scene.stack.start('mysql');
    scene.over();
  },
};
