import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'Redis, which keeps an append-only file, is killed and started again; the others go on',
  recoverySeconds: 15,
  inEveryRun: true,
  run: async (scene) => {
    await scene.stack.kill('redis');
    await scene.flows(['elasticsearch', 'mysql']);
    await scene.sign('the breaker to open', async () => {
      const open = { sink: 'redis', state: 'open' };
      return (await scene.metric('sink-redis', 'cdc_circuit_breaker_state', open)) === 1;
    });
    await scene.sign('the sink to be not ready', async () => !(await scene.isReady('sink-redis')));
    await scene.stack.start('redis');
    scene.over();
  },
};
