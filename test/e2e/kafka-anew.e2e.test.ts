import { startStack, type Stack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { loseKafka } from '../harness/drills/lose-kafka.ts';
import { commandsOf, fixOf } from '../harness/named-fixes.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { SINK_SERVICES, SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { testScope } from '../harness/scope.ts';

/** Capture begins in an empty Kafka, without a backup, and the stores have what another one has published before. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const ALL = process.env['SLUICE_DRILLS'] === 'all';
const TABLE = 'CREATE TABLE item (id INT NOT NULL PRIMARY KEY, note VARCHAR(40))';
const ROWS = Array.from({ length: 40 }, (_, index) => `(${index + 1}, 'row ${index + 1}')`).join(', ');

test('sinks whose stores are of a later generation stop, and heal by the page', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'anew', [
    TABLE,
    `INSERT INTO item VALUES ${ROWS}`,
  ]);
  const capture = await pipeline.launch('capture', {}, ['--accept', 'lost-checkpoint=1']);
  const sinks = await pipeline.start(...SINK_SERVICES);
  await pipeline.converged();
  await stopped(capture, ...sinks);
  await loseKafka(pipeline);
  await change(pipeline);
  await heals(pipeline, 2);
});

test.runIf(ALL)('so do those of the same generation, of a Kafka and a source of before', async () => {
  const scope = testScope();
  const [one, other] = [
    await ownServers(scope, { kafka: [], mysql: [] }),
    await ownServers(scope, { kafka: [] }),
  ];
  const database = await SourceDatabase.create(scope, one.mysql, 'anew');
  // What is published now is of a later binlog than all that comes after the reset.
  await database.run(TABLE, `INSERT INTO item VALUES ${ROWS}`, 'FLUSH BINARY LOGS', 'FLUSH BINARY LOGS');
  const { redis, elasticsearch, targetMysql } = stack;
  const on = ({ kafka }: Stack) =>
    SinkPipeline.create(scope, { stack: { kafka, redis, elasticsearch, targetMysql }, database });
  const before = await on(one);
  const services = await before.start('capture', ...SINK_SERVICES);
  await before.converged();
  await stopped(...services);
  await database.run('RESET BINARY LOGS AND GTIDS');
  const after = await on(other);
  await change(after);
  await heals(after, 1);
});

async function change({ database }: SinkPipeline): Promise<void> {
  await database.run(
    'DELETE FROM item WHERE id < 5',
    "UPDATE item SET note = 'newer' WHERE id > 30",
    "INSERT INTO item VALUES (99, 'new')",
  );
}

/** @param generation of the stores */
async function heals(pipeline: SinkPipeline, generation: number): Promise<void> {
  const capture = await pipeline.launch('capture');
  const sinks = await Promise.all(SINK_SERVICES.map((sink) => pipeline.launch(sink)));
  for (const { process } of sinks) {
    expect(await process.ended).toMatchObject({ code: 70 });
    const { err } = process.log.at(-1) ?? {};
    expect(err?.code).toBe('STORE_AHEAD');
    expect(err?.fix).toBe(fixOf('STORE_AHEAD'));
    expect(err?.message).toContain(`generation ${generation}`);
  }
  const [command = ''] = commandsOf(fixOf('STORE_AHEAD'));
  const args = command.replace('=N', `=${generation}`).split(' ').slice(2);
  await stopped(capture);
  const anew = await pipeline.launch('capture', {}, args);
  await anew.process.ready();
  expect(anew.process.log.find(({ event }) => event === 'capture.starting')).toMatchObject({
    generation: generation + 1,
  });
  await pipeline.start(...SINK_SERVICES);
  await pipeline.converged();
}

async function stopped(...services: readonly PipelineProcess[]): Promise<void> {
  await Promise.all(services.map(({ process }) => process.stop()));
}
