import { eventually } from '../eventually.ts';
import type { SinkName } from '../sink-pipeline.ts';
import type { FaultPipeline } from './fault-pipeline.ts';

/** As retention does it, and at once: everything that these sinks have read. */
export async function deleteRecords(
  pipeline: FaultPipeline,
  topic: string,
  sinks: readonly SinkName[],
): Promise<void> {
  const admin = pipeline.kafka.admin();
  await admin.connect();
  // The last offset of a topic may be a transaction's end marker, which nobody commits.
  const partitions = (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({
    partition,
    offset: String(Number(high) - 1),
  }));
  for (const sink of sinks) {
    const groupId = `${pipeline.name}.${sink}`;
    await eventually(`${sink} to have read them`, async () => {
      const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
      return partitions.every(({ partition, offset }) => {
        const read = committed?.partitions.find((each) => each.partition === partition);
        return read !== undefined && Number(read.offset) >= Number(offset);
      });
    });
  }
  await admin.deleteTopicRecords({ topic, partitions });
  await admin.disconnect();
}
