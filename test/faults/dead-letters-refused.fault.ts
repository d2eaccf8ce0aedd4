import { deadLetterTopic } from '@sluice/envelope';
import { Redis } from 'ioredis';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import { setTopicBytes } from '../harness/faults/topic-bytes.ts';

const ID = 1_500_000_000;

export const fault: FaultCase = {
  title:
    'the dead-letter topic takes nothing: the sink does not go past the record, and buries it when it can',
  recoverySeconds: 45,
  deadLetters: { redis: 1 },
  tables: [],
  pipeline: {},
  mustStop: ['sink-redis'],
  run: async (scene) => {
    const { name, source } = scene.pipeline;
    const letters = [deadLetterTopic(name, 'redis')];
    await setTopicBytes(scene.pipeline, letters, 10);
    const redis = new Redis(scene.stack.redis.url);
    await redis.lpush(`${name}.probe:${ID}`, 'not ours');
    await source.run(`INSERT INTO probe VALUES (${ID})`);
    await scene.sign('the sink to stop', () => scene.service('sink-redis').ownEnds.length > 0, 40_000);
    await scene.flows(['elasticsearch', 'mysql']);
    await setTopicBytes(scene.pipeline, letters, 1_048_588);
    await scene.service('sink-redis').relaunch();
    scene.over();
    await scene.sign(
      'the dead letter',
      async () => {
        return (await scene.metric('sink-redis', 'cdc_dlq_depth')) === 1;
      },
      45_000,
    );
    await redis.del(`${name}.probe:${ID}`);
    redis.disconnect();
    await source.run(`DELETE FROM probe WHERE id = ${ID}`);
  },
};
