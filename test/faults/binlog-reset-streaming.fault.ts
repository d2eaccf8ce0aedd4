import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';

/** Capture looks every minute whether the file it reads has become shorter. */
const STOP_MS = 100_000;

export const fault: FaultCase = {
  title:
    'the source forgets its binlogs and begins anew with the same file name while capture reads: it notices and stops',
  recoverySeconds: 60,
  mustStop: ['capture'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    await scene.load(10);
    await scene.pipeline.source.run('RESET BINARY LOGS AND GTIDS');
    await stopsWith(scene, 'capture', 'SOURCE_DIVERGED', { withinMs: STOP_MS });
    await scene.service('capture').relaunch(['--accept', 'lost-checkpoint']);
    scene.over();
  },
};
