import type { FaultCase } from '../harness/faults/fault-case.ts';
import { Session } from '../harness/faults/session.ts';
import { TARGET_SUFFIX } from '../harness/faults/store-views.ts';

export const fault: FaultCase = {
  title: 'a table of the target is renamed away and comes back: it alone waits meanwhile',
  recoverySeconds: 45,
  run: async (scene) => {
    const admin = new Session(scene.stack.targetMysql, `${scene.pipeline.name}${TARGET_SUFFIX}`);
    await admin.run('RENAME TABLE marker TO marker_away');
    await scene.sign('partitions to wait for the schema', async () => {
      const paused = { sink: 'mysql', reason: 'schema' };
      return (await scene.metric('sink-mysql', 'cdc_partitions_paused', paused)) > 0;
    });
    await scene.flows();
    await admin.run('RENAME TABLE marker_away TO marker');
    admin.close();
    scene.over();
  },
};
