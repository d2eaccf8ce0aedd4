import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { fileScope, testScope, uniqueName } from '../harness/scope.ts';
import { SINK_SERVICES, SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

/** Rows that foreign keys delete and change, with `source.foreignKeys: follow`. */

/** MySQL leaves foreign keys to InnoDB, as all versions before 9.6 do. */
const NATIVE = ['--innodb-native-foreign-keys=ON'];
const SHARED = ['kafka', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'] as const;
const stack = await ownServers(fileScope(), { mysql: NATIVE }, SHARED);
const logging = await startStack({ servers: ['kafka', 'mysql'] });
afterAll(() => logging.stop());

const refersTo = (parent: string, actions: string): string =>
  `(id INT NOT NULL PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES ${parent} (id) ${actions})`;

/** `unseen` and `between_` are not captured, and the account may not read `unseen`. */
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
      ...[...CAPTURED, 'between_'].map((table) => `GRANT SELECT ON ${table} TO '${user}'@'%'`),
    );
    scope.defer(() => database.run(`DROP USER '${user}'@'%'`));
    const tables = CAPTURED.map((table) => `${database.name}.${table}`);
    const source = { user, password: 'Pass-word-4', foreignKeys: 'follow', tables };
    const sections = { topics: { partitions: 1 }, source };
    const pipeline = await SinkPipeline.create(scope, { stack, database, sections });
    const [capture] = await pipeline.start('capture', ...SINK_SERVICES);
    await pipeline.converged(CAPTURED);
    const named = (names: readonly string[]): string[] => names.map((table) => `${database.name}.${table}`);
    // Nobody can say what cascades to a table that is not seen.
    expect(await capture!.process.status()).toMatchObject({
      gaps: { cascades: named(['behind', 'orphan']), followed: named(FOLLOWED) },
    });
    const readings = ({ process }: PipelineProcess): number =>
      process.log.filter(({ event }) => event === 'snapshot.table_started').length;
    // MySQL's answers and events are others; what is made of them is the same.
    const steps = server.flavour === 'mysql' ? STEPS.slice(0, 2) : STEPS;
    for (const statements of steps) {
      await database.run(...statements);
      await pipeline.converged(CAPTURED);
    }
    if (server.flavour === 'mysql') return;
    const before = readings(capture!);
    for (const id of MANY) await database.run(`UPDATE busy SET v = 1 WHERE id = ${id}`);
    await pipeline.converged(CAPTURED);
    expect(readings(capture!)).toBe(before);
    for (const id of MANY.slice(1)) await database.run(`DELETE FROM busy WHERE id = ${id}`);
    await pipeline.converged(CAPTURED);
    expect(readings(capture!) - before).toBeLessThan(MANY.length / 2);
    await database.run('REPLACE INTO busy VALUES (0, 2)');
    await pipeline.converged(CAPTURED);
    await database.run('DELETE FROM parent WHERE id = 5');
    await capture!.process.kill();
    await database.run(
      'DELETE FROM parent WHERE id = 6',
      'DELETE FROM unseen WHERE id = 6',
      'ALTER TABLE quiet ADD FOREIGN KEY (p) REFERENCES unseen (id) ON DELETE CASCADE',
      'INSERT INTO quiet VALUES (7, 7)',
      'DELETE FROM unseen WHERE id = 7',
    );
    await pipeline.start('capture');
    await pipeline.converged(CAPTURED);
  });
});

test('a MySQL that carries out foreign keys itself logs what they do: nothing is read again', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, logging.mysql, 'logged');
  await database.run(
    'CREATE TABLE parent (id INT NOT NULL PRIMARY KEY)',
    `CREATE TABLE child ${refersTo('parent', 'ON DELETE CASCADE')}`,
    'INSERT INTO parent VALUES (1), (2)',
    'INSERT INTO child VALUES (1, 1), (2, 2)',
  );
  const { brokers } = logging.kafka;
  const sections = { topics: { partitions: 1 }, source: { foreignKeys: 'follow' } };
  const pipeline = await CapturePipeline.create(scope, { database, brokers, sections });
  const capture = await pipeline.start();
  await pipeline.snapshotDone(capture, ['parent', 'child']);
  await database.run('DELETE FROM parent WHERE id = 1', 'INSERT INTO child VALUES (3, 2)');
  await pipeline.arrived(capture, 'child', '{"id":3}');
  const records = await readRows(pipeline.reader, pipeline.topic('child'));
  expect(records.map(({ payload: { operation, key } }) => [operation, key])).toEqual([
    ['SNAPSHOT', { id: 1 }],
    ['SNAPSHOT', { id: 2 }],
    ['DELETE', { id: 1 }],
    ['INSERT', { id: 3 }],
  ]);
  const child = `${database.name}.child`;
  expect(await capture.status()).toMatchObject({ gaps: { cascades: [], followed: [child] } });
  expect(capture.log.filter(({ event }) => event === 'snapshot.table_started')).toHaveLength(2);
});
