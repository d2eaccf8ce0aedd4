import { checkpointsTopic } from '@sluice/envelope';
import type { TopicRecord } from '@sluice/kafka';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';

export const fault: FaultCase = {
  title: 'the newest checkpoint is damaged: capture does not trust it and stops, until an operator accepts',
  recoverySeconds: 60,
  mustStop: ['capture'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const { pipeline } = scene;
    const capture = scene.service('capture');
    await capture.stop();
    const topic = checkpointsTopic(pipeline.name);
    let newest: TopicRecord | null = null;
    await pipeline.withReader((reader) => reader.readTopic(topic, {}, (record) => void (newest = record)));
    const { key, value } = newest as unknown as TopicRecord;
    const producer = pipeline.kafka.producer();
    await producer.connect();
    const damaged = String(value)
      .replace(/"highest":"(\d{18})\d"/, '"highest":"$19"')
      .replace(/"position":(\d+)/, '"position":4');
    await producer.send({ topic, messages: [{ key, value: damaged }] });
    await producer.disconnect();
    await capture.relaunch();
    await stopsWith(scene, 'capture', 'CHECKPOINT_CORRUPT');
    await capture.relaunch(['--accept', 'lost-checkpoint']);
    scene.over();
  },
};
