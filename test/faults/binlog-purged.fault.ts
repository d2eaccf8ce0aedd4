import type { FaultCase } from '../harness/faults/fault-case.ts';
import { stopsWith } from '../harness/faults/stops-with.ts';

export const fault: FaultCase = {
  title:
    'the source deletes binlogs that capture has not read: it says so and stops, until an operator accepts',
  recoverySeconds: 60,
  mustStop: ['capture'],
  leavesChangesOut: true,
  pipeline: {},
  run: async (scene) => {
    const capture = scene.service('capture');
    await capture.kill();
    await scene.load(10);
    await scene.pipeline.source.run('FLUSH BINARY LOGS');
    await scene.load(5);
    const [status] = await scene.pipeline.source.rows('SHOW BINARY LOG STATUS');
    await scene.pipeline.source.run(`PURGE BINARY LOGS TO '${String(status?.['File'])}'`);
    await capture.relaunch();
    await stopsWith(scene, 'capture', 'SOURCE_BINLOG_PURGED');
    await capture.relaunch(['--accept', 'lost-checkpoint']);
    scene.over();
  },
};
