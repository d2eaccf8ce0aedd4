import { describe, expect, test } from 'vitest';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { fileScope, testScope } from '../harness/scope.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

/** Statements that make other rows of a table than the stream tells, by other names or spellings than before. */

// Table maps have small letters then, and statements what somebody has typed.
const flags = { mariadb: ['--lower-case-table-names=1'] };
const others = ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] as const;
const stack = await ownServers(fileScope(), flags, others);

const PARTITIONED =
  'PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (100))';
/** Tables that give a row to a partition while they are new to capture: how far it is with them is a matter of time. */
const NEWCOMERS = 2;
const TABLES = [
  'CREATE TABLE remade (id INT NOT NULL PRIMARY KEY)',
  'CREATE TABLE log (id INT NOT NULL PRIMARY KEY)',
  `CREATE TABLE parts (id INT NOT NULL PRIMARY KEY) ${PARTITIONED}`,
  'CREATE TABLE swapped (id INT NOT NULL PRIMARY KEY)',
  ...Array.from({ length: NEWCOMERS }, (_, n) => `CREATE TABLE whole${n} LIKE parts`),
  'CREATE TABLE twins (id INT NOT NULL PRIMARY KEY, email VARCHAR(9) NOT NULL)',
  'INSERT INTO remade VALUES (1), (2), (3)',
  'INSERT INTO log VALUES (1), (2), (3)',
  'INSERT INTO parts VALUES (1), (2), (50)',
  'INSERT INTO swapped VALUES (5)',
  "INSERT INTO twins VALUES (1, 'a'), (2, 'a'), (3, 'b')",
];
const CHANGES = [
  'DROP TABLE IF EXISTS REMADE',
  'CREATE TABLE IF NOT EXISTS REMADE (id INT NOT NULL PRIMARY KEY)',
  'INSERT INTO REMADE VALUES (9)',
  'ALTER TABLE PARTS EXCHANGE PARTITION p0 WITH TABLE SWAPPED',
  'ALTER TABLE PARTS DROP PARTITION p1',
  'RENAME TABLE LOG TO LOG_1121',
  'CREATE TABLE IF NOT EXISTS LOG LIKE LOG_1121',
  'INSERT INTO LOG VALUES (9)',
  'ALTER TABLE TWINS ADD note INT NOT NULL DEFAULT 7',
];

const MOVES = Array.from({ length: NEWCOMERS }, (_, n) => [
  `CREATE TABLE new${n} LIKE whole${n}`,
  `ALTER TABLE new${n} REMOVE PARTITIONING`,
  `INSERT INTO new${n} VALUES (2)`,
  `ALTER TABLE whole${n} EXCHANGE PARTITION p0 WITH TABLE new${n}`,
  `INSERT INTO new${n} VALUES (5)`,
]).flat();
/** Tables that come into being with rows of which the stream tells nothing, not even by a later row. */
const FILLED = [
  'CREATE TABLE filled LIKE whole0',
  'ALTER TABLE filled REMOVE PARTITIONING',
  'ALTER TABLE whole0 EXCHANGE PARTITION p0 WITH TABLE filled',
];
/** A partition that becomes a table; a table that is made unseen, which MySQL alone tells of when it is found later. */
const FOUND = {
  mariadb: ['ALTER TABLE whole1 CONVERT PARTITION p0 TO TABLE taken_out'],
  mysql: [
    'SET sql_log_bin = 0',
    'CREATE TABLE found (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO found VALUES (1)',
    'SET sql_log_bin = 1',
    'CREATE TABLE IF NOT EXISTS found (id INT NOT NULL PRIMARY KEY)',
  ],
};

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('every store has the rows that such statements leave', async () => {
    const isMysql = server.flavour === 'mysql';
    const database = await SourceDatabase.create(testScope(), server, 'leaves');
    await database.run(...TABLES);
    const pipeline = await SinkPipeline.create(testScope(), { stack, database });
    await pipeline.start('capture');
    await Promise.all(SINK_SERVICES.map((name) => pipeline.launch(name)));
    await pipeline.converged();
    const names = /\b(?:REMADE|PARTS|SWAPPED|LOG_1121|LOG|TWINS)\b/gu;
    const spelled = CHANGES.map((sql) => (isMysql ? sql.replace(names, (name) => name.toLowerCase()) : sql));
    await database.run(...spelled, ...(isMysql ? [] : ['ALTER IGNORE TABLE Twins ADD UNIQUE (email)']));
    await database.run(...MOVES, ...FILLED, ...FOUND[server.flavour]);
    const { rows } = await pipeline.converged();
    expect(rows).toBe(1 + 1 + 2 + 4 + (isMysql ? 3 + 1 : 2) + 2 * NEWCOMERS);
    for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
  });
});
