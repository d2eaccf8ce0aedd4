import type { FaultCase } from '../harness/faults/fault-case.ts';
import { Session } from '../harness/faults/session.ts';
import { TARGET_SUFFIX } from '../harness/faults/store-views.ts';

export const fault: FaultCase = {
  title: 'a stranger locks rows of the target for longer than it waits for a lock; the others go on',
  recoverySeconds: 20,
  run: async (scene) => {
    const stranger = new Session(scene.stack.targetMysql, `${scene.pipeline.name}${TARGET_SUFFIX}`);
    await stranger.run('BEGIN', 'SELECT id FROM item FOR UPDATE', 'SELECT id FROM marker FOR UPDATE');
    await scene.flows(['redis', 'elasticsearch']);
    await scene.sign(
      'the wait to be given up',
      async () => {
        return (await scene.metric('sink-mysql', 'cdc_retries_total')) > 0;
      },
      30_000,
    );
    stranger.close();
    scene.over();
  },
};
