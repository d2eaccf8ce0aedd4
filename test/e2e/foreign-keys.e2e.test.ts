import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { testScope, uniqueName } from '../harness/scope.ts';
import { SINK_SERVICES, SinkPipeline, type PipelineProcess } from '../harness/sink-pipeline.ts';
import { SourceDatabase } from '../harness/source-database.ts';

/** Rows that foreign keys delete and change, with `source.foreignKeys: follow`. */

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const refersTo = (parent: string, actions: string): string =>
  `(id INT NOT NULL PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES ${parent} (id) ${actions})`;

/** `unseen` and `between` are not captured. */
const TABLES = [
  'CREATE TABLE parent (id INT NOT NULL PRIMARY KEY, v INT, code INT, UNIQUE KEY (code))',
  'CREATE TABLE unseen (id INT NOT NULL PRIMARY KEY, v INT)',
  `CREATE TABLE gone ${refersTo('parent', 'ON DELETE CASCADE')}`,
  `CREATE TABLE grandchild ${refersTo('gone', 'ON DELETE CASCADE')}`,
  `CREATE TABLE emptied ${refersTo('parent', 'ON DELETE SET NULL')}`,
  `CREATE TABLE moved (id INT NOT NULL PRIMARY KEY, p INT,
     FOREIGN KEY (p) REFERENCES parent (code) ON DELETE SET NULL ON UPDATE CASCADE)`,
  `CREATE TABLE orphan ${refersTo('unseen', 'ON DELETE CASCADE')}`,
  `CREATE TABLE between_ ${refersTo('unseen', 'ON DELETE CASCADE')}`,
  `CREATE TABLE behind ${refersTo('between_', 'ON DELETE CASCADE')}`,
  `CREATE TABLE tree ${refersTo('tree', 'ON DELETE CASCADE')}`,
  'CREATE TABLE later (id INT NOT NULL PRIMARY KEY, p INT)',
  'CREATE TABLE quiet (id INT NOT NULL PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id))',
  'CREATE TABLE busy (id INT NOT NULL PRIMARY KEY, v INT)',
  `CREATE TABLE tired ${refersTo('busy', 'ON DELETE CASCADE ON UPDATE CASCADE')}`,
];
const CAPTURED = [
  'parent',
  'gone',
  'grandchild',
  'emptied',
  'moved',
  'orphan',
  'behind',
  'tree',
  'later',
  'quiet',
  'busy',
  'tired',
];
const IDS = [1, 2, 3, 4, 5, 6, 7, 8];
const MANY = Array.from({ length: 60 }, (_, id) => id);
const ROWS = [
  `INSERT INTO parent VALUES ${IDS.map((id) => `(${id}, 0, ${id * 10})`).join()}`,
  `INSERT INTO unseen VALUES ${IDS.map((id) => `(${id}, 0)`).join()}`,
  ...['gone', 'grandchild', 'emptied', 'orphan', 'between_', 'behind', 'later'].map(
    (table) => `INSERT INTO ${table} VALUES ${IDS.map((id) => `(${id}, ${id})`).join()}`,
  ),
  `INSERT INTO moved VALUES ${IDS.map((id) => `(${id}, ${id * 10})`).join()}`,
  'INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, NULL)',
  `INSERT INTO busy VALUES ${MANY.map((id) => `(${id}, 0)`).join()}`,
  `INSERT INTO tired VALUES ${MANY.map((id) => `(${id}, ${id})`).join()}`,
];
const FOLLOWED = ['behind', 'emptied', 'gone', 'grandchild', 'moved', 'orphan', 'tired', 'tree'];

/** No table twice in a step: a second reading would hide that the first is missing. */
const STEPS: readonly (readonly string[])[] = [
  [
    'DELETE FROM parent WHERE id = 1',
    'DELETE FROM unseen WHERE id = 1',
    'DELETE FROM tree WHERE id = 1',
    'DELETE FROM later WHERE id < 3',
  ],
  [
    'UPDATE parent SET code = code + 1 WHERE id = 2',
    'ALTER TABLE later ADD FOREIGN KEY (p) REFERENCES unseen (id) ON DELETE CASCADE',
    'DELETE FROM unseen WHERE id = 8',
  ],
  ['START TRANSACTION', 'DELETE FROM parent WHERE id = 3', 'UPDATE gone SET p = NULL WHERE id = 4', 'COMMIT'],
];
/** Where the binlog has the children, these wait for an operator, as after any other XA transaction. */
const XA = [
  "XA START 'keys'",
  'DELETE FROM unseen WHERE id = 2',
  "XA END 'keys'",
  "XA PREPARE 'keys'",
  "XA COMMIT 'keys'",
];

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('what foreign keys change comes to every store, whatever came into being when', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'keys');
    const user = uniqueName('keys').slice(0, 30);
    await database.run(
      ...TABLES,
      ...ROWS,
      `CREATE USER '${user}'@'%' IDENTIFIED BY 'Pass-word-4'`,
      `GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${user}'@'%'`,
      `GRANT SELECT ON \`${database.name}\`.* TO '${user}'@'%'`,
    );
    scope.defer(() => database.run(`DROP USER '${user}'@'%'`));
    const tables = CAPTURED.map((table) => `${database.name}.${table}`);
    const source = { user, password: 'Pass-word-4', foreignKeys: 'follow', tables };
    const sections = { topics: { partitions: 1 }, source };
    const pipeline = await SinkPipeline.create(scope, { stack, database, sections });
    const [capture] = await pipeline.start('capture', ...SINK_SERVICES);
    await pipeline.converged(CAPTURED);
    expect(await capture!.process.status()).toMatchObject({
      gaps: { cascades: [], followed: FOLLOWED.map((table) => `${database.name}.${table}`) },
    });
    const readings = ({ process }: PipelineProcess): number =>
      process.log.filter(({ event }) => event === 'snapshot.table_started').length;
    const first = readings(capture!);
    for (const statements of STEPS) {
      await database.run(...statements);
      await pipeline.converged(CAPTURED);
    }
    if (server.flavour === 'mariadb') await database.run(...XA);
    await pipeline.converged(CAPTURED);
    const before = readings(capture!);
    for (const id of MANY) await database.run(`UPDATE busy SET v = 1 WHERE id = ${id}`);
    await pipeline.converged(CAPTURED);
    expect(readings(capture!)).toBe(before);
    for (const id of MANY.slice(1)) await database.run(`DELETE FROM busy WHERE id = ${id}`);
    await pipeline.converged(CAPTURED);
    expect(readings(capture!) - before).toBeLessThan(MANY.length / 2);
    await database.run('DELETE FROM parent WHERE id = 5');
    await capture!.process.kill();
    await database.run(
      'DELETE FROM parent WHERE id = 6',
      'DELETE FROM unseen WHERE id = 6',
      'ALTER TABLE quiet ADD FOREIGN KEY (p) REFERENCES unseen (id) ON DELETE CASCADE',
      'INSERT INTO quiet VALUES (7, 7)',
      'DELETE FROM unseen WHERE id = 7',
    );
    const [again] = await pipeline.start('capture');
    await pipeline.converged(CAPTURED);
    // A server that logs what its foreign keys do needs no reading.
    const further = readings(capture!) - first + readings(again!);
    expect(further > 0).toBe(server.flavour === 'mariadb');
  });
});
