import { Client } from '@elastic/elasticsearch';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import { indexPrefix } from '../harness/faults/store-views.ts';
import type { Scene } from '../harness/faults/scene.ts';

export const fault: FaultCase = {
  title: 'the disk of Elasticsearch is full: its indices are blocked for writing, and no record is to blame',
  recoverySeconds: 15,
  inEveryRun: true,
  run: async (scene) => {
    await setBlock(scene, true);
    await scene.isHeldBack(['elasticsearch'], 1500);
    await scene.flows(['redis', 'mysql']);
    await scene.sign('the reason to be told', async () => {
      const labels = { reason: 'ELASTICSEARCH_UNAVAILABLE' };
      return (await scene.metric('sink-elasticsearch', 'cdc_errors_total', labels)) > 0;
    });
    await setBlock(scene, false);
    scene.over();
  },
};

/** As the flood stage of the disk watermark does it: elastic.co/docs, "Cluster-level shard allocation and routing settings". */
async function setBlock({ pipeline, stack }: Scene, isBlocked: boolean): Promise<void> {
  const client = new Client({ node: stack.elasticsearch.node });
  const index = `${indexPrefix(pipeline.name)}*`;
  await client.indices.putSettings({ index, settings: { 'index.blocks.read_only_allow_delete': isBlocked } });
  await client.close();
}
