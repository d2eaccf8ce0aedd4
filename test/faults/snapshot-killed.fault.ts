import type { FaultCase } from '../harness/faults/fault-case.ts';

const ROWS = 6000;
const KILLS = 3;
const tuples = Array.from({ length: ROWS }, (_, id) => `(${id}, 0)`).join(', ');

export const fault: FaultCase = {
  title:
    'capture is killed in the middle of its first snapshot, again and again, while the rows change and go',
  recoverySeconds: 60,
  tables: ['stock'],
  pipeline: {
    sections: { snapshot: { chunkRows: 40 } },
    statements: [
      'CREATE TABLE stock (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)',
      `INSERT INTO stock VALUES ${tuples}`,
    ],
  },
  run: async (scene) => {
    const capture = scene.service('capture');
    const { source } = scene.pipeline;
    for (let kill = 0; kill < KILLS; kill++) {
      for (let change = 0; change < 20; change++) {
        const id = scene.random.integer(0, ROWS - 1);
        await source.run(
          `UPDATE stock SET version = version + 1 WHERE id = ${id}`,
          `DELETE FROM stock WHERE id = ${scene.random.integer(0, ROWS - 1)}`,
        );
      }
      await capture.kill();
      await capture.relaunch();
      await capture.process.ready();
    }
    scene.over();
  },
};
