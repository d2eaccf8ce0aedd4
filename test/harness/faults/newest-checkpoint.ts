import { checkpointsTopic } from '@sluice/envelope';
import type { TopicRecord } from '@sluice/kafka';
import type { FaultPipeline } from './fault-pipeline.ts';

/** The checkpoint that capture would go on from. */
export async function newestCheckpoint(pipeline: FaultPipeline): Promise<TopicRecord> {
  const records: TopicRecord[] = [];
  await pipeline.withReader((reader) =>
    reader.readTopic(checkpointsTopic(pipeline.name), {}, (record) => records.push(record)),
  );
  const newest = records.at(-1);
  if (newest === undefined) throw new Error('there is no checkpoint');
  return newest;
}

/** Puts a record behind it, as if capture had written it. Capture must not run. */
export async function putCheckpoint(
  pipeline: FaultPipeline,
  record: { readonly key: Buffer | null; readonly value: Buffer | string | null },
): Promise<void> {
  const producer = pipeline.kafka.producer();
  await producer.connect();
  await producer.send({ topic: checkpointsTopic(pipeline.name), messages: [record] });
  await producer.disconnect();
}
