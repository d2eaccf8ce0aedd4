import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';

export const fault: FaultCase = {
  title: 'the source forgets its binlogs and begins anew with the same file names: capture notices and stops',
  recoverySeconds: 60,
  mustStop: ['capture'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const capture = scene.service('capture');
    await capture.kill();
    await scene.load(10);
    await scene.pipeline.source.run('RESET BINARY LOGS AND GTIDS');
    await scene.load(40);
    await capture.relaunch();
    await stopsWith(scene, 'capture', 'SOURCE_DIVERGED');
    await capture.relaunch(['--accept', 'lost-checkpoint']);
    scene.over();
  },
};
