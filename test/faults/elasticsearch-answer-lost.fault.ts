import type { FaultCase } from '../harness/faults/fault-case.ts';

const TIMES = 3;

export const fault: FaultCase = {
  title: 'Elasticsearch does what a bulk says, and its answer is lost: the same comes again and is stale',
  recoverySeconds: 15,
  inEveryRun: true,
  run: async (scene) => {
    const labels = { sink: 'elasticsearch', result: 'stale' };
    const stale = (): Promise<number> => scene.metric('sink-elasticsearch', 'cdc_sink_records_total', labels);
    const before = (await stale()) || 0;
    const proxy = scene.proxies.stores.elasticsearch;
    for (let time = 0; time < TIMES; time++) {
      proxy.impose({ isBlackhole: true }, 'answers');
      await scene.load(10);
      proxy.reset();
      proxy.clear();
      await scene.flows(['elasticsearch']);
    }
    await scene.sign('stale records', async () => (await stale()) > before);
  },
};
