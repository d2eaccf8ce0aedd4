import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'packets between one sink and Kafka vanish for longer than its session; the others go on',
  recoverySeconds: 60,
  restarts: { 'sink-redis': 1 },
  run: async (scene) => {
    const proxy = scene.proxies.kafka['sink-redis'];
    proxy.impose({ isBlackhole: true });
    await scene.isHeldBack(['redis'], 4000);
    await scene.flows(['elasticsearch', 'mysql']);
    await scene.goOn(5000);
    proxy.clear();
    scene.over();
  },
};
