import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { loseKafka, topicsOf } from '../harness/drills/lose-kafka.ts';
import { playRunbook } from '../harness/drills/play-runbook.ts';
import { eventually } from '../harness/eventually.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { SINK_SERVICES, SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { newFolder } from '../harness/processes/new-folder.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { testScope } from '../harness/scope.ts';

/** Drills: each ends equal, by the commands of docs/disaster-recovery.md. `npm run test:drills` does all of them. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const ALL = process.env['SLUICE_DRILLS'] === 'all';

/** A capture that finds a restored checkpoint waits so long for a sign of the one that may have written it. */
const TAKEOVER_MS = 2000;
const ROWS = Array.from({ length: 40 }, (_, index) => `(${index + 1}, 'row ${index + 1}')`).join(', ');

test('Kafka is lost, the stores are kept', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'drill', [
    'CREATE TABLE item (id INT NOT NULL PRIMARY KEY, note VARCHAR(40))',
    `INSERT INTO item VALUES ${ROWS}`,
  ]);
  const { database } = pipeline;
  pipeline.configure({ capture: { standby: { takeoverMs: TAKEOVER_MS } } });
  const sinks = await pipeline.start(...SINK_SERVICES);
  // Of the second generation: a capture that begins in an empty Kafka is of the first, and stores call all of it stale.
  const first = await pipeline.launch('capture');
  await first.process.ready();
  await first.process.stop();
  const capture = await pipeline.launch('capture', {}, ['--accept', 'lost-checkpoint']);
  await capture.process.ready();
  await pipeline.converged();

  const { configFile } = capture;
  const backup = join(await newFolder(scope), 'state');
  expect(await sluice(configFile, 'backup --to', backup)).toMatchObject({ code: 0 });
  await database.run(
    'ALTER TABLE item ADD COLUMN more INT',
    'UPDATE item SET note = id, more = 1 WHERE id < 10',
  );
  await pipeline.converged();

  const restore = (from: string) => sluice(configFile, 'restore --apply --from', from);
  const refused = (code: string) => ({ code: 1, said: expect.stringContaining(code) as string });
  expect(await restore(backup)).toMatchObject(refused('GROUP_ACTIVE: '));
  await Promise.all(sinks.map(({ process }) => process.stop()));
  expect(await restore(backup)).toMatchObject(refused('CAPTURE_ACTIVE: '));
  await capture.process.stop();
  await database.run('DELETE FROM item WHERE id BETWEEN 10 AND 14', "INSERT INTO item VALUES (99, 'new', 9)");
  await loseKafka(pipeline);

  const damaged = join(await newFolder(scope), 'damaged');
  await cp(backup, damaged, { recursive: true });
  await writeFile(join(damaged, 'checkpoints.ndjson'), '');
  expect(await restore(damaged)).toMatchObject(refused('BACKUP_INVALID: '));
  expect(await topicsOf(pipeline)).toEqual([]);

  const { said } = await playRunbook('Kafka is lost', pipeline, { backup });
  const [look = '', done = ''] = [...said.values()];
  expect(look).toContain('capture continues at the checkpoint (');
  expect(look).toContain(`1 topic of rows are gone or other ones (${pipeline.topic('item')})`);
  expect(look).toContain('dry run: nothing was written');
  expect(done).toContain('records and 0 offsets were written, and read back');
  await pipeline.converged();
});

test.runIf(ALL)('stores are lost, Kafka is kept', async () => {
  const { pipeline, services } = await filled(stack.mysql);
  const [, ...sinks] = services;
  await Promise.all(sinks.map(({ process }) => process.stop()));
  await pipeline.stores.lose();
  await pipeline.database.run('DELETE FROM item WHERE id < 5', "INSERT INTO item VALUES (99, 'new')");
  // Capture runs on; the operator's file asks it for the snapshot.
  const [capture] = services;
  await playRunbook('Stores are lost', pipeline, { capture });
  await pipeline.converged();
});

test.runIf(ALL)('the source is restored to an earlier time', async () => {
  const { mysql } = await ownServers(testScope(), { mysql: [] });
  const { pipeline, services } = await filled(mysql);
  const [capture] = services;
  await pipeline.database.run(
    'DELETE FROM item WHERE id < 5',
    "UPDATE item SET note = 'newer' WHERE id > 30",
  );
  await pipeline.converged();
  await capture?.process.stop();
  await loadDump(pipeline);
  await endsDiverged(pipeline);
  await playRunbook('The source is an earlier one', pipeline);
  await pipeline.converged();
});

test.runIf(ALL)('everything is lost but a dump of the source and the backup', async () => {
  const scope = testScope();
  const { mysql } = await ownServers(scope, { mysql: [] });
  const { pipeline, services } = await filled(mysql);
  const [capture] = services as [PipelineProcess];
  const backup = join(await newFolder(scope), 'state');
  expect(await sluice(capture.configFile, 'backup --to', backup)).toMatchObject({ code: 0 });
  await pipeline.database.run("UPDATE item SET note = 'newer' WHERE id > 30");
  await pipeline.converged();
  await Promise.all(services.map(({ process }) => process.stop()));
  await loadDump(pipeline);
  await loseKafka(pipeline);
  await pipeline.stores.lose();
  const { said, started } = await playRunbook('Everything is lost', pipeline, { backup });
  expect([...said.values()][0]).toContain('capture will not continue at the checkpoint (');
  expect([...said.values()][0]).toContain('SOURCE_DIVERGED');
  // It stands by at first: the checkpoint may be that of a capture that leads.
  const { process } = started[0] as PipelineProcess;
  const begins = () => process.log.find(({ event }) => event === 'capture.starting');
  await eventually('capture to begin', () => begins() !== undefined);
  expect(begins()).toMatchObject({ generation: 2 });
  await pipeline.converged();
});

/** A pipeline that runs, and its stores equal. */
async function filled(
  mysql: MysqlServer,
): Promise<{ readonly pipeline: SinkPipeline; readonly services: readonly PipelineProcess[] }> {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, mysql, 'drill');
  await database.run(
    'CREATE TABLE item (id INT NOT NULL PRIMARY KEY, note VARCHAR(40))',
    `INSERT INTO item VALUES ${ROWS}`,
  );
  const pipeline = await SinkPipeline.create(scope, { stack, database });
  const services = await pipeline.start('capture', ...SINK_SERVICES);
  await pipeline.converged();
  return { pipeline, services };
}

/** The server is a new one: its binlog and transactions begin anew, and the rows are those of the dump, which no binlog has. */
async function loadDump({ database }: SinkPipeline): Promise<void> {
  await database.run(
    'RESET BINARY LOGS AND GTIDS',
    'SET sql_log_bin = 0',
    'DELETE FROM item',
    `INSERT INTO item VALUES ${ROWS}`,
    'SET sql_log_bin = 1',
  );
}

async function endsDiverged(pipeline: SinkPipeline): Promise<void> {
  const { process } = await pipeline.launch('capture');
  expect(await process.ended).toMatchObject({ code: 70 });
  expect(process.log.at(-1)?.err?.code).toBe('SOURCE_DIVERGED');
}
