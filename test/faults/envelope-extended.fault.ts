import type { TopicRecord } from '@sluice/kafka';
import { eventually } from '../harness/eventually.ts';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import type { Scene } from '../harness/faults/scene.ts';

const SINKS = ['redis', 'elasticsearch', 'mysql'] as const;
const [OLD, NEW] = [1, 2];

export const fault: FaultCase = {
  title:
    'a newer capture writes envelopes of the same major with members that sinks do not know: they are applied',
  recoverySeconds: 15,
  tables: ['note'],
  pipeline: { statements: ['CREATE TABLE note (id INT NOT NULL PRIMARY KEY, body VARCHAR(20) NOT NULL)'] },
  run: async (scene) => {
    const { source, kafka, views } = scene.pipeline;
    await source.run(`INSERT INTO note VALUES (${OLD}, 'as ever')`);
    const record = await eventually('the row in its topic', () => recordOf(scene, OLD));
    const value = String(record.value)
      .replaceAll(`"id":${OLD}`, `"id":${NEW}`)
      .replace('"schema":{', '"schema":{"minor":7,')
      .replace('"payload":{', '"payload":{"lineage":["x"],');
    const producer = kafka.producer();
    await producer.connect();
    const headers = Object.fromEntries([...record.headers].map(([name, text]) => [name, text ?? '']));
    const { partition } = record;
    await producer.send({
      topic: scene.pipeline.topic('note'),
      messages: [{ key: `{"id":${NEW}}`, value, headers, partition }],
    });
    await producer.disconnect();
    for (const sink of SINKS)
      await scene.sign(`the row in ${sink}`, async () => (await views[sink].read('note', [NEW])).has(NEW));
    // The source gets it too, so that all are equal in the end.
    await source.run(`INSERT INTO note VALUES (${NEW}, 'as ever')`);
  },
};

async function recordOf({ pipeline }: Scene, id: number): Promise<TopicRecord | false> {
  let found: TopicRecord | false = false;
  await pipeline.withReader((reader) =>
    reader.readTopic(pipeline.topic('note'), {}, (record) => {
      if (String(record.key) === `{"id":${id}}`) found = record;
    }),
  );
  return found;
}
