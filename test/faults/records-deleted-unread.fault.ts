import { acceptGap, deleteRecords } from '../harness/faults/deleted-records.ts';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';

const OTHERS = ['elasticsearch', 'mysql'] as const;

export const fault: FaultCase = {
  title:
    'retention deletes records that a stopped sink has not read: it stops and says so; a snapshot and a rewind, as told, make it equal',
  recoverySeconds: 60,
  mustStop: ['sink-redis'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const sink = scene.service('sink-redis');
    await sink.stop();
    await scene.load(40);
    await scene.flows(OTHERS);
    await deleteRecords(scene.pipeline, scene.pipeline.topic('item'), OTHERS);
    await sink.relaunch();
    await stopsWith(scene, 'sink-redis', 'DATA_GAP', {
      remedy: 'sluice sink rewind --sink SINK --to beginning --accept-gap',
    });
    await scene.flows(OTHERS);
    await acceptGap(scene, 'item');
    scene.over();
  },
};
