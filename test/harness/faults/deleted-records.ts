import { eventually } from '../eventually.ts';
import type { SinkName } from '../pipelines/sink-pipeline.ts';
import { sluice } from '../processes/sluice-command.ts';
import type { FaultPipeline } from './fault-pipeline.ts';
import type { Scene } from './scene.ts';

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

/** The fix of DATA_GAP for a sink-redis that does not run: the table is read again, the gap gone over, and the sink started. */
export async function acceptGap(scene: Scene, table: string): Promise<void> {
  const [sink, capture] = [scene.service('sink-redis'), scene.service('capture')];
  const line = `snapshot start --table ${scene.pipeline.name}.${table} --reconcile`;
  const { code, said } = await sluice(capture.configFile, line);
  if (code !== 0) throw new Error(`sluice ${line}: ${said}`);
  const rewind = 'sink rewind --sink redis --to beginning --accept-gap --yes';
  await scene.sign('the group to be empty, and rewound', async () => {
    return (await sluice(sink.configFile, rewind)).code === 0;
  });
  await sink.relaunch();
}
