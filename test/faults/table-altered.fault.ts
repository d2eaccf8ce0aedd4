import type { FaultCase } from '../harness/faults/fault-case.ts';
import type { Scene } from '../harness/faults/scene.ts';

const ROUNDS = 4;
const ROWS = 25;

export const fault: FaultCase = {
  title:
    'a table gets columns and is emptied in mid-stream, again and again, and capture and a sink are killed in between',
  recoverySeconds: 30,
  tables: ['note'],
  pipeline: { statements: ['CREATE TABLE note (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)'] },
  run: async (scene) => {
    const { source } = scene.pipeline;
    for (let round = 0; round < ROUNDS; round++) {
      await fill(scene, round);
      await source.run(`ALTER TABLE note ADD COLUMN extra${round} VARCHAR(20) NULL`);
      if (round % 2 === 1) await source.run('TRUNCATE TABLE note');
      await fill(scene, round);
      const name = round === 1 ? 'capture' : round === 2 ? 'sink-mysql' : null;
      if (name === null) continue;
      await scene.service(name).kill();
      await scene.service(name).relaunch();
    }
    await source.run(`UPDATE note SET extra0 = CONCAT('row ', id) WHERE id % 3 = 0`);
    scene.over();
  },
};

/** Rows with values in every column that the table has by now. */
async function fill({ pipeline: { source }, random }: Scene, round: number): Promise<void> {
  const columns = await source.rows('SHOW COLUMNS FROM note');
  const extras = columns.slice(2).map(() => `'round ${round}'`);
  for (let row = 0; row < ROWS; row++) {
    const id = random.integer(0, 3 * ROWS);
    await source.run(`REPLACE INTO note VALUES (${[id, round, ...extras].join(', ')})`);
    if (random.chance(0.2)) await source.run(`DELETE FROM note WHERE id = ${random.integer(0, 3 * ROWS)}`);
  }
}
