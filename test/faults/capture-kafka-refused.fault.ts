import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'no broker can be reached from capture for 5 s',
  recoverySeconds: 30,
  run: async (scene) => {
    const proxy = scene.proxies.kafka.capture;
    await proxy.refuse();
    await scene.isHeldBack(['redis', 'elasticsearch', 'mysql'], 5000);
    await proxy.accept();
    scene.over();
  },
};
