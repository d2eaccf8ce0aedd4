import { deleteRecords } from '../harness/faults/deleted-records.ts';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';
import { sluice } from '../harness/sluice-command.ts';

const OTHERS = ['elasticsearch', 'mysql'] as const;

export const fault: FaultCase = {
  title:
    'retention deletes records that a stopped sink has not read: it stops and says so; a snapshot and a rewind, as told, make it equal',
  recoverySeconds: 60,
  mustStop: ['sink-redis'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const [sink, capture] = [scene.service('sink-redis'), scene.service('capture')];
    await sink.stop();
    await scene.load(40);
    await scene.flows(OTHERS);
    await deleteRecords(scene.pipeline, scene.pipeline.topic('item'), OTHERS);
    await sink.relaunch();
    await stopsWith(
      scene,
      'sink-redis',
      'DATA_GAP',
      'sluice sink rewind --sink SINK --to beginning --accept-gap',
    );
    await scene.flows(OTHERS);
    await ordered(capture.configFile, `snapshot start --table ${scene.pipeline.name}.item --reconcile`);
    const rewind = 'sink rewind --sink redis --to beginning --accept-gap --yes';
    await scene.sign('the group to be empty, and rewound', async () => {
      return (await sluice(sink.configFile, rewind)).code === 0;
    });
    await sink.relaunch();
    scene.over();
  },
};

async function ordered(configFile: string, line: string): Promise<void> {
  const { code, said } = await sluice(configFile, line);
  if (code !== 0) throw new Error(`sluice ${line}: ${said}`);
}
