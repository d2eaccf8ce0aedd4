import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'Elasticsearch is killed and started again; the others go on',
  recoverySeconds: 30,
  killsElasticsearch: true,
  run: async (scene) => {
    await scene.stack.kill('elasticsearch');
    await scene.flows(['redis', 'mysql']);
    await scene.sign('the sink to be not ready', async () => !(await scene.isReady('sink-elasticsearch')));
    await scene.stack.start('elasticsearch');
    scene.over();
  },
};
