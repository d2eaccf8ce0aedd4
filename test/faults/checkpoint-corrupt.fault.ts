import type { FaultCase } from '../harness/faults/fault-case.ts';
import { newestCheckpoint, putCheckpoint } from '../harness/faults/newest-checkpoint.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';

export const fault: FaultCase = {
  title: 'the newest checkpoint is damaged: capture does not trust it and stops, until an operator accepts',
  recoverySeconds: 60,
  mustStop: ['capture'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const capture = scene.service('capture');
    await capture.stop();
    const { key, value } = await newestCheckpoint(scene.pipeline);
    const damaged = String(value)
      .replace(/"highest":"(\d{18})\d"/, '"highest":"$19"')
      .replace(/"position":(\d+)/, '"position":4');
    await putCheckpoint(scene.pipeline, { key, value: damaged });
    await capture.relaunch();
    await stopsWith(scene, 'capture', 'CHECKPOINT_CORRUPT');
    await capture.relaunch(['--accept', 'lost-checkpoint']);
    scene.over();
  },
};
