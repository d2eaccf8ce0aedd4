import { randomBytes } from 'node:crypto';
import { deadLetterTopic } from '@sluice/envelope';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import type { Scene } from '../harness/faults/scene.ts';

const TOPIC_BYTES = 20_000;

export const fault: FaultCase = {
  title:
    'a row is larger than its topic takes, and is to be a dead letter: its neighbours flow, and so does the row when it is smaller again',
  recoverySeconds: 15,
  tables: ['parcel'],
  pipeline: {
    sections: { topics: { maxMessageBytes: TOPIC_BYTES, oversize: 'dead-letter' } },
    statements: ['CREATE TABLE parcel (id INT NOT NULL PRIMARY KEY, body MEDIUMTEXT NOT NULL)'],
  },
  run: async (scene) => {
    const { source } = scene.pipeline;
    // Not to be compressed to less than the topic takes.
    const large = randomBytes(2 * TOPIC_BYTES).toString('base64');
    await source.run(`INSERT INTO parcel VALUES (1, 'small'), (2, '${large}'), (3, 'small')`);
    await scene.sign('the dead letter', async () => (await lettersOfCapture(scene)) === 1);
    await scene.flows();
    for (const view of Object.values(scene.pipeline.views)) {
      const there = [...(await view.read('parcel', [1, 2, 3])).keys()];
      if (there.join() !== '1,3') throw new Error(`rows ${there.join()} came, not 1 and 3`);
    }
    await source.run("UPDATE parcel SET body = 'small again' WHERE id = 2");
  },
};

async function lettersOfCapture({ pipeline }: Scene): Promise<number> {
  let letters = 0;
  await pipeline.withReader((reader) =>
    reader.readTopic(deadLetterTopic(pipeline.name, 'capture'), {}, () => letters++),
  );
  return letters;
}
