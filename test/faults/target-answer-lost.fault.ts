import type { FaultCase } from '../harness/faults/fault-case.ts';

const TIMES = 3;

export const fault: FaultCase = {
  title: 'the target MySQL commits, and its answer is lost with the connection',
  recoverySeconds: 20,
  inEveryRun: true,
  run: async (scene) => {
    const proxy = scene.proxies.stores.mysql;
    for (let time = 0; time < TIMES; time++) {
      proxy.impose({ isBlackhole: true }, 'answers');
      await scene.load(10);
      proxy.reset();
      proxy.clear();
      await scene.flows(['mysql']);
    }
  },
};
