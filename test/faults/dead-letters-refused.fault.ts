import { deadLetterTopic } from '@sluice/envelope';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import type { Scene } from '../harness/faults/scene.ts';

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
    await limitLetters(scene, '10');
    const redis = new Redis(scene.stack.redis.url);
    await redis.lpush(`${name}.probe:${ID}`, 'not ours');
    await source.run(`INSERT INTO probe VALUES (${ID})`);
    await scene.sign('the sink to stop', () => scene.service('sink-redis').ownEnds.length > 0, 40_000);
    await scene.flows(['elasticsearch', 'mysql']);
    await limitLetters(scene, '1048588');
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

async function limitLetters({ pipeline }: Scene, bytes: string): Promise<void> {
  const admin = pipeline.kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: bytes }];
  const name = deadLetterTopic(pipeline.name, 'redis');
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries }],
  });
  await admin.disconnect();
}
