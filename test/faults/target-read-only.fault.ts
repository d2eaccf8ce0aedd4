import type { FaultCase } from '../harness/faults/fault-case.ts';
import { Session } from '../harness/faults/session.ts';

export const fault: FaultCase = {
  title: 'the target MySQL takes no writes for a while (super_read_only), as in a failover',
  recoverySeconds: 15,
  run: async (scene) => {
    const admin = new Session(scene.stack.targetMysql);
    await admin.run('SET GLOBAL super_read_only = ON');
    await scene.isHeldBack(['mysql'], 1500);
    await scene.flows(['redis', 'elasticsearch']);
    await scene.sign('the reason to be told', async () => {
      return (await scene.metric('sink-mysql', 'cdc_errors_total', { reason: 'MYSQL_READ_ONLY' })) > 0;
    });
    await admin.run('SET GLOBAL super_read_only = OFF', 'SET GLOBAL read_only = OFF');
    admin.close();
    scene.over();
  },
};
