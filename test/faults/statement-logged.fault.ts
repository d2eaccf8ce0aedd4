import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';

export const fault: FaultCase = {
  title:
    'a session of the source logs a statement instead of rows (binlog_format=STATEMENT): capture stops and names the remedy',
  recoverySeconds: 60,
  mustStop: ['capture'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const { source } = scene.pipeline;
    await source.run(
      "SET SESSION binlog_format = 'STATEMENT'",
      'DELETE FROM marker WHERE id < 5',
      "SET SESSION binlog_format = 'ROW'",
    );
    await stopsWith(scene, 'capture', 'BINLOG_STATEMENT', 'binlog_format');
    await scene.service('capture').relaunch(['--accept', 'lost-checkpoint']);
    scene.over();
  },
};
