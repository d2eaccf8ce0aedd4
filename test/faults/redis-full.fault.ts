import { Redis } from 'ioredis';
import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'Redis is out of memory and evicts nothing: the sink waits, and no record is to blame',
  recoverySeconds: 15,
  inEveryRun: true,
  run: async (scene) => {
    const redis = new Redis(scene.stack.redis.url);
    await redis.config('SET', 'maxmemory', '1');
    await scene.isHeldBack(['redis'], 1500);
    await scene.flows(['elasticsearch', 'mysql']);
    await scene.sign('the reason to be told', async () => {
      return (await scene.metric('sink-redis', 'cdc_errors_total', { reason: 'REDIS_UNAVAILABLE' })) > 0;
    });
    await redis.config('SET', 'maxmemory', '0');
    redis.disconnect();
    scene.over();
  },
};
