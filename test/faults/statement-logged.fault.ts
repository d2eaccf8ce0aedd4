import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title:
    'a session of the source logs a statement instead of rows (binlog_format=STATEMENT): its table is read again, with an alert',
  recoverySeconds: 60,
  pipeline: {},
  run: async (scene) => {
    const { source } = scene.pipeline;
    await source.run(
      "SET SESSION binlog_format = 'STATEMENT'",
      'DELETE FROM marker WHERE id < 5',
      "SET SESSION binlog_format = 'ROW'",
    );
    scene.over();
  },
};
