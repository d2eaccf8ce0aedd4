import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';

export const fault: FaultCase = {
  title:
    'a session of the source logs rows without all their columns (binlog_row_image=MINIMAL): capture stops and names the remedy',
  recoverySeconds: 60,
  mustStop: ['capture'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const { source } = scene.pipeline;
    await source.run(
      "SET SESSION binlog_row_image = 'MINIMAL'",
      'UPDATE marker SET writer = 9 ORDER BY id LIMIT 1',
      "SET SESSION binlog_row_image = 'FULL'",
    );
    await stopsWith(scene, 'capture', 'BINLOG_ROW_IMAGE_NOT_FULL', {
      remedy: "SET GLOBAL binlog_row_image = 'FULL'",
    });
    await scene.service('capture').relaunch(['--accept', 'lost-checkpoint']);
    scene.over();
  },
};
