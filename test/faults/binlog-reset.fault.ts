import type { FaultCase } from '../harness/faults/fault-case.ts';

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
    await scene.sign('capture to stop', () => capture.ownEnds.length > 0, 40_000);
    if (capture.log.at(-1)?.exitCode !== 70)
      throw new Error(`it does not ask to be mended: ${capture.process.lastLines()}`);
    await capture.relaunch(['--accept', 'lost-checkpoint']);
    scene.over();
  },
};
