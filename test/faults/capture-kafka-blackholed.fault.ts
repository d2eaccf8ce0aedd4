import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'packets between capture and Kafka vanish for 8 s; sinks keep their broker',
  recoverySeconds: 45,
  run: async (scene) => {
    const proxy = scene.proxies.kafka.capture;
    proxy.impose({ isBlackhole: true });
    await scene.isHeldBack(['redis', 'elasticsearch', 'mysql'], 8000);
    await scene.sign('the lag to be seen', async () => {
      return (await scene.metric('capture', 'cdc_binlog_lag_seconds')) > 2;
    });
    proxy.clear();
    scene.over();
    await scene.sign(
      'the lag to be gone',
      async () => {
        return (await scene.metric('capture', 'cdc_binlog_lag_seconds')) < 2;
      },
      60_000,
    );
  },
};
