import type { FaultCase } from '../harness/faults/fault-case.ts';

const ROWS = 200_000;

export const fault: FaultCase = {
  title: 'one transaction of 200,000 rows; capture is killed while it reads it, and its memory stays bounded',
  recoverySeconds: 120,
  tables: ['bulk'],
  pipeline: {
    statements: ['CREATE TABLE bulk (id INT NOT NULL PRIMARY KEY, body VARCHAR(100) NOT NULL)'],
  },
  run: async (scene) => {
    const capture = scene.service('capture');
    await scene.pipeline.source.run(
      'SET SESSION cte_max_recursion_depth = 1000000',
      `INSERT INTO bulk WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${ROWS})
       SELECT id, CONCAT('a row of the large transaction ', id) FROM n`,
    );
    await scene.goOn(scene.random.integer(50, 800));
    await capture.kill();
    await capture.relaunch();
    scene.over();
  },
};
