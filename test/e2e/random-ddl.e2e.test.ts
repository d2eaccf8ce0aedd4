import { ddlTopic } from '@sluice/envelope';
import { setTimeout as delay } from 'node:timers/promises';
import { ADDRESS_VARIABLES, startStack, type MysqlServer } from '@sluice/local-stack';
import { quoteTable, type RowDataPacket } from '@sluice/mysql';
import { afterAll, describe, expect, test } from 'vitest';
import { DDL_KINDS } from '../harness/workloads/ddl-model.ts';
import { DdlWorkload, type DdlTotals } from '../harness/workloads/ddl-workload.ts';
import { invalidEnvelopes } from '../harness/records/envelope-schema.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { testSize } from '../harness/test-size.ts';
import {
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
} from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

/** Rows and changes of tables of every class, at random, while capture is killed again and again: nothing of it may stay. */

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const SHORT_SECONDS = 15;
/** `npm run test:ddl -- --seconds 180` for long runs. */
const SECONDS = testSize('SLUICE_DDL_SECONDS', SHORT_SECONDS);
const SOURCES = [
  { version: 'MySQL 9.7', server: stack.mysql },
  { version: 'MariaDB 10.11', server: stack.mariadb },
  // Its table maps tell less of their columns.
  ...(SECONDS > SHORT_SECONDS ? [{ version: 'MariaDB 11.8', server: await newerMariadb() }] : []),
];
/** An altered table costs the reading of the table. */
const PATIENCE_MS = 120_000 + SECONDS * 4000;
const APPLY = { additive: 'apply', breaking: 'apply', rename: 'apply', truncate: 'apply', drop: 'apply' };
const QUICK = { retry: { initialMs: 20, maxMs: 500 } };

describe.each(SOURCES)('$version', ({ version, server }) => {
  test(
    `${SECONDS} s of rows and DDL, with capture killed every few seconds`,
    async () => {
      const seed = announceSeed(`random DDL, ${version}`);
      const scope = testScope();
      const database = await SourceDatabase.create(scope, server, 'ddl');
      const workload = new DdlWorkload(database, seed);
      await workload.createTables(3);
      const pipeline = await SinkPipeline.create(scope, { stack, database, sections: { ddl: APPLY } });
      await Promise.all(SINK_SERVICES.map((name) => pipeline.launch(name, QUICK)));
      const stop = new AbortController();
      const killing = killAgainAndAgain(pipeline, new SeededRandom(seed + 50), stop.signal);
      // Awaited below; it may fail before.
      killing.catch(() => undefined);
      const totals = await workload.run(SECONDS);
      stop.abort();
      report(totals, await killing);
      expect(Object.keys(totals.statements).sort()).toEqual([...DDL_KINDS].sort());

      const [capture] = await pipeline.start('capture');
      await Promise.race([settled(pipeline), capture?.process.ended.then(endedBy(capture))]);
      await expectNoRowsLeft(pipeline, workload.freeNames);
      for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
      expect(await changesUnseen(pipeline)).toEqual([]);
      expect(await invalidEnvelopes(pipeline.reader, await pipeline.dataTopics())).toEqual([]);
    },
    PATIENCE_MS * 3 + SECONDS * 2000,
  );
});

async function newerMariadb(): Promise<MysqlServer> {
  const { [ADDRESS_VARIABLES.mariadb]: _shared, ...env } = process.env;
  const own = await startStack({ servers: ['mariadb'], mariadbVersion: '11.8', env });
  afterAll(() => own.stop());
  return own.mariadb;
}

/** Kills within three seconds of the start, some of the time before the first row is read. */
async function killAgainAndAgain(
  pipeline: SinkPipeline,
  random: SeededRandom,
  signal: AbortSignal,
): Promise<number> {
  for (let kills = 0; ; kills++) {
    const { process } = await pipeline.launch('capture');
    if (random.chance(0.8)) await process.ready();
    await Promise.race([delay(random.integer(500, 3000)), process.ended]);
    if (!process.isRunning) throw new Error(`capture ended by itself:\n${process.lastLines()}`);
    await process.kill();
    if (signal.aborted) return kills + 1;
  }
}

function endedBy({ process }: PipelineProcess): () => never {
  return () => {
    throw new Error(`capture ended:\n${process.lastLines()}`);
  };
}

/** A last table tells that everything before it is applied; rows that tables owe beside the stream follow on their own. */
async function settled(pipeline: SinkPipeline): Promise<void> {
  await pipeline.database.run(
    'CREATE TABLE end_mark (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO end_mark VALUES (1)',
  );
  await pipeline.converged(['end_mark'], PATIENCE_MS);
  await pipeline.converged(undefined, PATIENCE_MS);
}

/** Every statement was in the binlog: no change of columns may be taken for one that was not. */
async function changesUnseen({ reader, name }: SinkPipeline): Promise<string[]> {
  const found: string[] = [];
  await reader.readTopic(ddlTopic(name), {}, ({ value }) => {
    const text = value?.toString() ?? '';
    if (text.includes('"unseen":true')) found.push(text);
  });
  return found;
}

/** What was published under names that are gone. */
async function expectNoRowsLeft(pipeline: SinkPipeline, tables: readonly string[]): Promise<void> {
  const { stores } = pipeline;
  const lookForNone = async (): Promise<boolean> => {
    const left: Record<string, unknown>[] = [];
    for (const table of tables) {
      const keys = await stores.redis.keys(`${pipeline.name}.${table}:*`);
      const { count } = await stores.elasticsearch.count({
        index: `${stores.index(table)}.live`,
        ignore_unavailable: true,
      });
      const [[known]] = await stores.target.query<RowDataPacket[]>('SHOW TABLES FROM ?? LIKE ?', [
        stores.targetDatabase,
        table,
      ]);
      const id = quoteTable(stores.targetDatabase, table);
      const [[row]] = await stores.target.query<RowDataPacket[]>(
        known === undefined ? 'SELECT 0 AS n' : `SELECT COUNT(*) AS n FROM ${id}`,
      );
      const found = { table, redis: keys.length, elasticsearch: count, mysql: Number(row?.['n']) };
      if (found.redis + found.elasticsearch + found.mysql > 0) left.push(found);
    }
    expect(left).toEqual([]);
    return true;
  };
  await eventually('no rows under names that are gone', lookForNone, { timeoutMs: PATIENCE_MS });
}

function report({ transactions, statements }: DdlTotals, kills: number): void {
  const changes = Object.entries(statements).map(([kind, count]) => `${count} ${kind}`);
  process.stderr.write(`${transactions} transactions, ${kills} kills; ${changes.join(', ')}\n`);
}
