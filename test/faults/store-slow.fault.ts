import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title:
    'every store answers 1.5 s late and takes 20 kB a second in small pieces: sinks keep their partitions',
  recoverySeconds: 45,
  run: async (scene) => {
    const rebalances = async (): Promise<number> =>
      (await scene.metric('sink-redis', 'cdc_rebalances_total')) +
      (await scene.metric('sink-mysql', 'cdc_rebalances_total'));
    const before = await rebalances();
    for (const proxy of Object.values(scene.proxies.stores))
      proxy.impose({ latencyMs: 750, bytesPerSecond: 20_000, sliceBytes: 500 });
    await scene.goOn(10_000);
    if ((await rebalances()) !== before) throw new Error('a slow store has cost partitions');
    for (const proxy of Object.values(scene.proxies.stores)) proxy.clear();
    scene.over();
  },
};
