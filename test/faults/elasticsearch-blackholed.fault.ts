import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'packets to Elasticsearch vanish; requests run into their timeout, the others go on',
  recoverySeconds: 20,
  run: async (scene) => {
    const proxy = scene.proxies.stores.elasticsearch;
    proxy.impose({ isBlackhole: true });
    await scene.flows(['redis', 'mysql']);
    await scene.sign('retries', async () => {
      const labels = { reason: 'ELASTICSEARCH_UNAVAILABLE' };
      return (await scene.metric('sink-elasticsearch', 'cdc_retries_total', labels)) > 0;
    });
    await scene.sign('the store to be down', async () => !(await scene.isReady('sink-elasticsearch')));
    proxy.clear();
    proxy.reset();
    scene.over();
  },
};
