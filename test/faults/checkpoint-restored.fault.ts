import { checkpointsTopic } from '@sluice/envelope';
import type { TopicRecord } from '@sluice/kafka';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import type { Scene } from '../harness/faults/scene.ts';

export const fault: FaultCase = {
  title:
    'an operator puts back a checkpoint from before: capture publishes everything since once more, and every store knows it',
  recoverySeconds: 30,
  publishesAgain: true,
  pipeline: {},
  run: async (scene) => {
    const capture = scene.service('capture');
    const old = await newestCheckpoint(scene);
    await scene.load(60);
    await scene.flows();
    await capture.stop();
    const producer = scene.pipeline.kafka.producer();
    await producer.connect();
    await producer.send({
      topic: checkpointsTopic(scene.pipeline.name),
      messages: [{ key: old.key, value: old.value }],
    });
    await producer.disconnect();
    await capture.relaunch();
    scene.over();
    for (const sink of ['redis', 'elasticsearch', 'mysql'] as const) {
      const labels = { table: `${scene.pipeline.name}.item`, result: 'stale' };
      await scene.sign(`stale records in ${sink}`, async () => {
        return (await scene.metric(`sink-${sink}`, 'cdc_sink_records_total', labels)) > 0;
      });
    }
  },
};

async function newestCheckpoint({ pipeline }: Scene): Promise<TopicRecord> {
  const records: TopicRecord[] = [];
  await pipeline.withReader((reader) =>
    reader.readTopic(checkpointsTopic(pipeline.name), {}, (record) => records.push(record)),
  );
  return records.at(-1) as TopicRecord;
}
