import { Redis } from 'ioredis';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

export const fault: FaultCase = {
  title: 'Redis comes back empty: the sink stops and says so; rewound as told, it fills Redis again',
  recoverySeconds: 60,
  mustStop: ['sink-redis'],
  pipeline: {},
  run: async (scene) => {
    const sink = scene.service('sink-redis');
    const redis = new Redis(scene.stack.redis.url);
    await redis.flushall();
    scene.lives.redis += 1;
    // What Redis forgot is looked for when a connection is new.
    scene.proxies.stores.redis.reset();
    await scene.flows(['elasticsearch', 'mysql']);
    await stopsWith(scene, 'sink-redis', 'REDIS_EMPTIED');
    await redis.set(`sluice:marker:${scene.pipeline.name}.redis`, 'filled again');
    redis.disconnect();
    await scene.sign('the group to be empty, and rewound', async () => {
      const { code } = await sluice(sink.configFile, 'sink rewind --sink redis --to beginning --yes');
      return code === 0;
    });
    await sink.relaunch();
    scene.over();
  },
};
