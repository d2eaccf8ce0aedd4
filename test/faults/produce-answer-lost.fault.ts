import type { FaultCase } from '../harness/faults/fault-case.ts';

const TIMES = 3;

export const fault: FaultCase = {
  title: 'Kafka gets what capture sends, and its answers are lost with the connection',
  recoverySeconds: 30,
  inEveryRun: true,
  run: async (scene) => {
    const proxy = scene.proxies.kafka.capture;
    for (let time = 0; time < TIMES; time++) {
      proxy.impose({ isBlackhole: true }, 'answers');
      await scene.load(10);
      proxy.reset();
      proxy.clear();
      await scene.flows(['redis'], 30_000);
    }
  },
};
