import type { FaultCase } from '../harness/faults/fault-case.ts';

const KILLS = 2;

export const fault: FaultCase = {
  title: 'sink-redis is killed while it applies a batch, twice; the others go on',
  recoverySeconds: 45,
  run: async (scene) => {
    const sink = scene.service('sink-redis');
    for (let kill = 0; kill < KILLS; kill++) {
      await sink.process.ready();
      await scene.goOn(scene.random.integer(0, 400));
      await sink.kill();
      await sink.relaunch();
    }
    scene.over();
    await scene.flows(['elasticsearch', 'mysql']);
  },
};
