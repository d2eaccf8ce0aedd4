import type { FaultCase } from '../harness/faults/fault-case.ts';
import { newestCheckpoint, putCheckpoint } from '../harness/faults/newest-checkpoint.ts';

export const fault: FaultCase = {
  title:
    'an operator puts back a checkpoint from before: capture publishes everything since once more, and every store knows it',
  recoverySeconds: 30,
  publishesAgain: true,
  pipeline: {},
  run: async (scene) => {
    const { pipeline } = scene;
    const capture = scene.service('capture');
    const old = await newestCheckpoint(pipeline);
    await scene.load(60);
    await scene.flows();
    await capture.stop();
    await putCheckpoint(pipeline, old);
    await capture.relaunch();
    scene.over();
    for (const sink of ['redis', 'elasticsearch', 'mysql'] as const) {
      const labels = { database: pipeline.name, table: 'item', result: 'stale' };
      await scene.sign(`stale records in ${sink}`, async () => {
        return (await scene.metric(`sink-${sink}`, 'cdc_sink_records_total', labels)) > 0;
      });
    }
  },
};
