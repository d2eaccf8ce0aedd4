import type { FaultCase } from '../harness/faults/fault-case.ts';
import { Session } from '../harness/faults/session.ts';
import { ITEM_IDS } from '../harness/faults/changes.ts';
import { TARGET_SUFFIX } from '../harness/faults/store-views.ts';

const ROUNDS = 40;

export const fault: FaultCase = {
  title: 'a stranger locks rows of the target in another order than the sink: deadlocks',
  recoverySeconds: 20,
  run: async (scene) => {
    const stranger = new Session(scene.stack.targetMysql, `${scene.pipeline.name}${TARGET_SUFFIX}`);
    for (let round = 0; round < ROUNDS; round++) {
      const ids = Array.from({ length: 12 }, () => scene.random.integer(0, ITEM_IDS - 1));
      const locks = ids.map((id) => `SELECT id FROM item WHERE id = ${id} FOR UPDATE`);
      // Who is the victim does not matter: both have to come through.
      await stranger.run('BEGIN', ...locks, 'ROLLBACK').catch(() => undefined);
    }
    stranger.close();
  },
};
