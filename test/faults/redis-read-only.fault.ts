import { Redis } from 'ioredis';
import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'Redis becomes a replica that takes no writes, and a primary again; its scripts are gone',
  recoverySeconds: 15,
  run: async (scene) => {
    const redis = new Redis(scene.stack.redis.url);
    // Of a primary that nobody is: it keeps its data.
    await redis.replicaof('127.0.0.1', 1);
    await scene.isHeldBack(['redis'], 1500);
    await scene.flows(['elasticsearch', 'mysql']);
    await redis.script('FLUSH');
    await redis.replicaof('NO', 'ONE');
    redis.disconnect();
    scene.over();
  },
};
