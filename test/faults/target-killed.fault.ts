import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'the target MySQL is killed and started again; the others go on',
  recoverySeconds: 20,
  inEveryRun: true,
  run: async (scene) => {
    await scene.stack.kill('target-mysql');
    await scene.flows(['redis', 'elasticsearch']);
    await scene.sign('the sink to be not ready', async () => !(await scene.isReady('sink-mysql')));
    await scene.stack.start('target-mysql');
    scene.over();
  },
};
