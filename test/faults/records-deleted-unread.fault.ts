import { eventually } from '../harness/eventually.ts';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import type { Scene } from '../harness/faults/scene.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';
import { sluice } from '../harness/sluice-command.ts';

const OTHERS = ['elasticsearch', 'mysql'] as const;

export const fault: FaultCase = {
  title:
    'retention deletes records that a stopped sink has not read: it stops and says so; a snapshot and a rewind, as told, make it equal',
  recoverySeconds: 60,
  mustStop: ['sink-redis'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const [sink, capture] = [scene.service('sink-redis'), scene.service('capture')];
    await sink.stop();
    await scene.load(40);
    await scene.flows(OTHERS);
    await deleteRecords(scene, scene.pipeline.topic('item'));
    await sink.relaunch();
    await stopsWith(
      scene,
      'sink-redis',
      'DATA_GAP',
      'sluice sink rewind --sink SINK --to beginning --accept-gap',
    );
    await scene.flows(OTHERS);
    await ordered(capture.configFile, `snapshot start --table ${scene.pipeline.name}.item --reconcile`);
    const rewind = 'sink rewind --sink redis --to beginning --accept-gap --yes';
    await scene.sign('the group to be empty, and rewound', async () => {
      return (await sluice(sink.configFile, rewind)).code === 0;
    });
    await sink.relaunch();
    scene.over();
  },
};

/** As retention does it, and at once: everything that the other sinks have read. */
async function deleteRecords({ pipeline }: Scene, topic: string): Promise<void> {
  const admin = pipeline.kafka.admin();
  await admin.connect();
  // The last offset of a topic may be a transaction's end marker, which nobody commits.
  const partitions = (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({
    partition,
    offset: String(Number(high) - 1),
  }));
  for (const sink of OTHERS) {
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

async function ordered(configFile: string, line: string): Promise<void> {
  const { code, said } = await sluice(configFile, line);
  if (code !== 0) throw new Error(`sluice ${line}: ${said}`);
}
