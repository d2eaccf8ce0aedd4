import type { FaultCase } from '../harness/faults/fault-case.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

export const fault: FaultCase = {
  title:
    'a session of the source logs a statement instead of rows (binlog_format=STATEMENT): its table is read again, with an alert',
  recoverySeconds: 60,
  // The snapshot takes the rows away, no record of theirs does.
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const { source } = scene.pipeline;
    await source.run(
      "SET SESSION binlog_format = 'STATEMENT'",
      'DELETE FROM marker WHERE id < 5',
      "SET SESSION binlog_format = 'ROW'",
    );
    const { configFile } = scene.service('capture');
    // Capture is degraded until somebody has seen to it.
    await scene.sign('the alert', async () => {
      const { document } = await sluice(configFile, 'ddl alerts');
      return (document as { unacknowledged: number }).unacknowledged > 0;
    });
    await sluice(configFile, 'ddl clear --by ann');
    scene.over();
  },
};
