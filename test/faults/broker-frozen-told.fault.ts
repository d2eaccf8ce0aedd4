import type { FaultCase } from '../harness/faults/fault-case.ts';
import { SERVICE_NAMES } from '../harness/faults/fault-servers.ts';
import { isOver, isTold } from '../harness/faults/told.ts';

export const fault: FaultCase = {
  title:
    'the Kafka broker hangs (SIGSTOP): within 10 s every page of every service says so, and later that it is over',
  recoverySeconds: 90,
  inEveryRun: true,
  restarts: { 'sink-redis': 1, 'sink-elasticsearch': 1, 'sink-mysql': 1 },
  run: async (scene) => {
    await scene.stack.kill('kafka', 'SIGSTOP');
    await Promise.all(
      SERVICE_NAMES.map((service) => {
        const component = service === 'capture' ? 'kafka' : 'consumer';
        return isTold(scene, service, { component, code: 'KAFKA_UNREACHABLE' });
      }),
    );
    await scene.stack.kill('kafka', 'SIGCONT');
    scene.over();
    await Promise.all(SERVICE_NAMES.map((service) => isOver(scene, service)));
  },
};
