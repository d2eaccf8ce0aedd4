import type { FaultCase } from '../harness/faults/fault-case.ts';

const SINKS = ['redis', 'elasticsearch', 'mysql'] as const;
const POISON = [
  'no json',
  '{}',
  '['.repeat(20_000),
  '{"schema":{"version":2,"type":"row","table":1},"payload":{}}',
  '{"schema":{"version":1,"type":"row","table":1},"payload":{"operation":"INSERT","sequence":"12"}}',
];

export const fault: FaultCase = {
  title:
    'a stranger writes records into a topic that are no envelopes, or of a later version: dead letters, and nothing waits',
  recoverySeconds: 15,
  inEveryRun: true,
  deadLetters: { redis: POISON.length, elasticsearch: POISON.length, mysql: POISON.length },
  run: async (scene) => {
    const producer = scene.pipeline.kafka.producer();
    await producer.connect();
    const messages = POISON.map((value, place) => ({ key: `{"id":-${place}}`, value, partition: place % 3 }));
    await producer.send({ topic: scene.pipeline.topic('probe'), messages });
    await producer.disconnect();
    for (const sink of SINKS)
      await scene.sign(`the dead letters of ${sink}`, async () => {
        return (await scene.metric(`sink-${sink}`, 'cdc_dlq_records_total')) >= POISON.length;
      });
  },
};
