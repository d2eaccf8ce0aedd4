import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'the link to the source is slow (100 ms, 100 kB a second, small pieces); the backlog is worked off',
  recoverySeconds: 30,
  run: async (scene) => {
    scene.proxies.source.impose({ latencyMs: 100, bytesPerSecond: 100_000, sliceBytes: 700 });
    await scene.goOn(6000);
    scene.proxies.source.clear();
    scene.over();
  },
};
