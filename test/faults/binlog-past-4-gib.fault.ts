import type { FaultCase } from '../harness/faults/fault-case.ts';

const FILLER_MEBIBYTES = 4200;
const FOUR_GIB = 2 ** 32;

/** Positions have 32 bits on the wire, and a transaction is never split over two files: behind 4 GiB they begin at 0 again. */
export const fault: FaultCase = {
  title:
    'one transaction makes a binlog of more than 4 GiB and changes a row at both of its ends; capture is killed while it reads it',
  recoverySeconds: 180,
  limitSeconds: 600,
  tables: ['ends'],
  pipeline: {
    sections: { source: { excludeTables: ['*.filler'] } },
    statements: [
      'CREATE TABLE ends (id INT NOT NULL PRIMARY KEY, body VARCHAR(20) NOT NULL)',
      'CREATE TABLE filler (body LONGTEXT NOT NULL) ENGINE = BLACKHOLE',
    ],
  },
  run: async (scene) => {
    const { source } = scene.pipeline;
    const capture = scene.service('capture');
    await source.run(
      `SET SESSION cte_max_recursion_depth = ${FILLER_MEBIBYTES}`,
      'BEGIN',
      "INSERT INTO ends VALUES (1, 'in front')",
      `INSERT INTO filler WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${FILLER_MEBIBYTES})
       SELECT REPEAT('x', 1048576) FROM n`,
      "UPDATE ends SET body = 'behind' WHERE id = 1",
      "INSERT INTO ends VALUES (2, 'behind')",
      'COMMIT',
    );
    const logs = await source.rows('SHOW BINARY LOGS');
    const largest = Math.max(...logs.map((log) => Number(log['File_size'])));
    if (largest <= FOUR_GIB) throw new Error(`the largest binlog has ${largest} bytes`);
    await scene.goOn(scene.random.integer(500, 10_000));
    await capture.kill();
    await capture.relaunch();
    scene.over();
  },
};
