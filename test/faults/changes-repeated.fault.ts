import type { TopicRecord } from '@sluice/kafka';
import type { FaultCase } from '../harness/faults/fault-case.ts';

const ROWS = 20;

export const fault: FaultCase = {
  title: 'old changes of rows that were changed and deleted since come once more, behind the newest',
  recoverySeconds: 15,
  tables: ['note'],
  pipeline: { statements: ['CREATE TABLE note (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)'] },
  run: async (scene) => {
    const { source, kafka, views } = scene.pipeline;
    const rows = Array.from({ length: ROWS }, (_, id) => `(${id}, 1)`);
    await source.run(`INSERT INTO note VALUES ${rows.join(', ')}`, 'UPDATE note SET version = 2');
    await source.run(`DELETE FROM note WHERE id < ${ROWS / 2}`);
    await scene.flows();
    const topic = scene.pipeline.topic('note');
    const records: TopicRecord[] = [];
    await scene.pipeline.withReader((reader) =>
      reader.readTopic(topic, {}, (record) => records.push(record)),
    );
    const producer = kafka.producer();
    await producer.connect();
    const messages = records
      .filter(({ headers }) => String(headers.get('operation')) !== 'SCHEMA')
      .map(({ key, value, partition, headers }) => ({
        key,
        value,
        partition,
        headers: Object.fromEntries([...headers].map(([name, text]) => [name, text ?? ''])),
      }));
    await producer.send({ topic, messages: [...messages, ...messages.toReversed()] });
    await producer.disconnect();
    for (const sink of ['redis', 'elasticsearch', 'mysql'] as const) {
      const labels = { database: scene.pipeline.name, table: 'note', result: 'stale' };
      await scene.sign(`stale records in ${sink}`, async () => {
        return (await scene.metric(`sink-${sink}`, 'cdc_sink_records_total', labels)) > 0;
      });
    }
    const [first] = await views.redis.read('note', [0]).then((found) => [...found.values()]);
    if (first?.isThere === true) throw new Error('a deleted row has come back');
  },
};
