import type { FaultCase } from '../harness/faults/fault-case.ts';
import { newestCheckpoint } from '../harness/faults/newest-checkpoint.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';

export const fault: FaultCase = {
  title:
    'the source begins anew with the same file names and has as many transactions again as capture knew: capture notices and stops',
  recoverySeconds: 60,
  mustStop: ['capture'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const { pipeline } = scene;
    const capture = scene.service('capture');
    await capture.kill();
    const { value } = await newestCheckpoint(pipeline);
    const { checkpoint } = JSON.parse(String(value)) as { checkpoint: { gtidSet: string } };
    await scene.load(10);
    // In a moment what takes long: as many transactions as before, and a later file in which the reading goes on.
    await pipeline.source.run(
      'RESET BINARY LOGS AND GTIDS',
      `SET GLOBAL gtid_purged = '${checkpoint.gtidSet}'`,
      'FLUSH BINARY LOGS',
    );
    await scene.load(10);
    await capture.relaunch();
    await stopsWith(scene, 'capture', 'SOURCE_DIVERGED');
    await capture.relaunch(['--accept', 'lost-checkpoint']);
    scene.over();
  },
};
