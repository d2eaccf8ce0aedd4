import type { FaultCase } from '../harness/faults/fault-case.ts';

const SINK = { sink: 'elasticsearch' };

export const fault: FaultCase = {
  title: 'Elasticsearch refuses connections; Redis and MySQL go on',
  recoverySeconds: 15,
  inEveryRun: true,
  run: async (scene) => {
    const proxy = scene.proxies.stores.elasticsearch;
    await proxy.refuse();
    await scene.isHeldBack(['elasticsearch'], 500);
    await scene.flows(['redis', 'mysql']);
    await scene.sign('the breaker to open', async () => {
      const open = { ...SINK, state: 'open' };
      return (await scene.metric('sink-elasticsearch', 'cdc_circuit_breaker_state', open)) === 1;
    });
    await scene.sign('the sink to be not ready', async () => !(await scene.isReady('sink-elasticsearch')));
    await proxy.accept();
    scene.over();
    await scene.sign('the breaker to close', async () => {
      const closed = { ...SINK, state: 'closed' };
      return (await scene.metric('sink-elasticsearch', 'cdc_circuit_breaker_state', closed)) === 1;
    });
  },
};
