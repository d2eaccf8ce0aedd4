import type { FaultCase } from '../harness/faults/fault-case.ts';

const PAUSED_MS = 12_000;

export const fault: FaultCase = {
  title: 'the Kafka broker hangs for 12 s (SIGSTOP), longer than the session of a sink',
  recoverySeconds: 45,
  restarts: { 'sink-redis': 1, 'sink-elasticsearch': 1, 'sink-mysql': 1 },
  run: async (scene) => {
    await scene.stack.kill('kafka', 'SIGSTOP');
    await scene.goOn(PAUSED_MS);
    await scene.stack.kill('kafka', 'SIGCONT');
    scene.over();
  },
};
