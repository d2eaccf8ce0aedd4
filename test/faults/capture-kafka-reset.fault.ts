import type { FaultCase } from '../harness/faults/fault-case.ts';

const RESETS = 8;

export const fault: FaultCase = {
  title: 'the connections of capture to Kafka are reset again and again',
  recoverySeconds: 30,
  inEveryRun: true,
  run: async (scene) => {
    for (let reset = 0; reset < RESETS; reset++) {
      scene.proxies.kafka.capture.reset();
      await scene.load(scene.random.integer(1, 12));
    }
  },
};
