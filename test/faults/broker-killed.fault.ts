import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'the Kafka broker is killed and started again',
  recoverySeconds: 45,
  restarts: { 'sink-redis': 1, 'sink-elasticsearch': 1, 'sink-mysql': 1 },
  run: async (scene) => {
    await scene.stack.kill('kafka');
    await scene.load(20);
    await scene.stack.start('kafka');
    scene.over();
  },
};
