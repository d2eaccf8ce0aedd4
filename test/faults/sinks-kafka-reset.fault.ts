import type { FaultCase } from '../harness/faults/fault-case.ts';

const RESETS = 6;

export const fault: FaultCase = {
  title: 'the connections of every sink to Kafka are reset again and again',
  recoverySeconds: 30,
  restarts: { 'sink-redis': 1, 'sink-elasticsearch': 1, 'sink-mysql': 1 },
  run: async (scene) => {
    const { capture: _, ...proxies } = scene.proxies.kafka;
    for (let reset = 0; reset < RESETS; reset++) {
      for (const proxy of Object.values(proxies)) proxy.reset();
      await scene.load(scene.random.integer(1, 12));
    }
  },
};
