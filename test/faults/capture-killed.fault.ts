import type { FaultCase } from '../harness/faults/fault-case.ts';

const ROWS = 5000;

export const fault: FaultCase = {
  title: 'capture is killed in the middle of a transaction of 5,000 rows, and twice under load',
  recoverySeconds: 30,
  inEveryRun: true,
  run: async (scene) => {
    const capture = scene.service('capture');
    // The scene's own probes have ids below.
    const first = 1_000_000_000 + (Date.now() % 1_000_000_000);
    const rows = Array.from({ length: ROWS }, (_, place) => `(${first + place})`);
    const large = scene.pipeline.source.run(`INSERT INTO probe VALUES ${rows.join(', ')}`);
    await scene.goOn(scene.random.integer(0, 150));
    await capture.kill();
    await large;
    await capture.relaunch();
    await capture.process.ready();
    await scene.goOn(scene.random.integer(0, 500));
    await capture.kill();
    await capture.relaunch();
    scene.over();
  },
};
