import { randomBytes } from 'node:crypto';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';
import { setTopicBytes, topicsOf } from '../harness/faults/topic-bytes.ts';

const TOPIC_BYTES = 20_000;
const LARGER_BYTES = 200_000;

export const fault: FaultCase = {
  title:
    'a row is larger than its topic takes: capture stops before it, and goes on when the limits are raised',
  recoverySeconds: 30,
  tables: ['parcel'],
  mustStop: ['capture'],
  pipeline: {
    sections: { topics: { maxMessageBytes: TOPIC_BYTES } },
    statements: ['CREATE TABLE parcel (id INT NOT NULL PRIMARY KEY, body MEDIUMTEXT NOT NULL)'],
  },
  run: async (scene) => {
    const { pipeline } = scene;
    // Not to be compressed to less than the topic takes.
    const large = randomBytes(2 * TOPIC_BYTES).toString('base64');
    await pipeline.source.run(`INSERT INTO parcel VALUES (1, 'small'), (2, '${large}'), (3, 'small')`);
    await stopsWith(scene, 'capture', 'ROW_TOO_LARGE', { remedy: 'topics.maxMessageBytes' });
    await setTopicBytes(pipeline, await topicsOf(pipeline), LARGER_BYTES);
    pipeline.configure({ topics: { maxMessageBytes: LARGER_BYTES } });
    await scene.service('capture').relaunch();
    scene.over();
  },
};
