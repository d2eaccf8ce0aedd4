import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { commandsOf, filledIn, fixOf, obey } from '../harness/named-fixes.ts';
import { testScope } from '../harness/scope.ts';
import { page } from '../harness/processes/service-pages.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import {
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
} from '../harness/pipelines/sink-pipeline.ts';
import { hasArrived } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const ROWS = 30;
/** Paused partitions look again soon. */
const IMPATIENT = { retry: { initialMs: 50, maxMs: 500 } };

test('sinks that are added after all records have expired, and stores that lose their tables, become equal by what they name', async () => {
  const values = Array.from({ length: ROWS }, (_, index) => `(${index + 1}, 0)`).join(',');
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'born', [
    'CREATE TABLE busy (id INT NOT NULL PRIMARY KEY, v INT NOT NULL)',
    `INSERT INTO busy VALUES ${values}`,
    'CREATE TABLE quiet (id INT NOT NULL PRIMARY KEY, v INT NOT NULL)',
    `INSERT INTO quiet VALUES ${values}`,
  ]);
  const { database, name, stores } = pipeline;
  const [capture] = await pipeline.start('capture');
  const { configFile } = capture as PipelineProcess;
  for (const table of ['busy', 'quiet'])
    await eventually(`the snapshot of ${table}`, async () => {
      const status = (await capture?.process.status()) as { snapshot: Record<string, { state: string }> };
      return status.snapshot[`${name}.${table}`]?.state === 'done';
    });
  for (const table of ['busy', 'quiet']) await expire(pipeline, table);
  // In front of whatever heals the table.
  await database.run('UPDATE busy SET v = 1', 'DELETE FROM busy WHERE id = 7');
  await eventually('the rows to arrive', () =>
    hasArrived(pipeline.reader, pipeline.topic('busy'), '{"id":7}'),
  );
  const planned = await sluice(configFile, 'plan');
  for (const sink of SINK_NAMES)
    expect(planned.said).toContain(
      `warning: sink ${sink} has not read ${name}.busy, ${name}.quiet yet, and older records of them are deleted: it will lack rows that have not changed since; when it runs: sluice snapshot start --table ${name}.busy --table ${name}.quiet --reconcile`,
    );
  const sinks = await Promise.all(SINK_SERVICES.map((sink) => pipeline.launch(sink, IMPATIENT)));
  for (const sink of sinks) await sink.process.ready();
  for (const sink of sinks) {
    const incomplete = await eventually(`${sink.name} to say what it lacks`, async () => {
      const found = await lacking(sink);
      return found.length === 2 && found;
    });
    expect(incomplete.map(({ table }) => table).sort()).toEqual([`${name}.busy`, `${name}.quiet`]);
    expect((await page(`${sink.opsUrl}/health`)).text).toContain('"tables":{"status":"degraded"');
    expect(sink.process.log.filter(({ event }) => event === 'sink.incomplete')).toHaveLength(1);
  }
  const [, elasticsearch, mysql] = sinks as [PipelineProcess, PipelineProcess, PipelineProcess];
  await waitsFor(elasticsearch, 'ELASTICSEARCH_INDEX_MISSING');
  await waitsFor(mysql, 'MYSQL_TABLE_UNKNOWN');
  // What a sink says of itself, each table once.
  for (const { fix } of await lacking(mysql)) await obey(configFile, fix.replace('Run: ', ''), {});
  await pipeline.converged();
  for (const sink of sinks)
    await eventually(`${sink.name} to lack nothing`, async () => (await lacking(sink)).length === 0);

  await stores.elasticsearch.indices.delete({ index: stores.index('busy') });
  await stores.target.query(`DROP TABLE ${stores.targetDatabase}.quiet`);
  await database.run('UPDATE busy SET v = 2 WHERE id < 20', 'UPDATE quiet SET v = 2 WHERE id > 5');
  await waitsFor(elasticsearch, 'ELASTICSEARCH_INDEX_MISSING');
  await waitsFor(mysql, 'MYSQL_TABLE_UNKNOWN');
  for (const [code, table] of [
    ['ELASTICSEARCH_INDEX_MISSING', 'busy'],
    ['MYSQL_TABLE_UNKNOWN', 'quiet'],
  ] as const)
    for (const command of commandsOf(fixOf(code)))
      await obey(configFile, command, { 'DATABASE.TABLE': `${name}.${table}` });
  await pipeline.converged();
  for (const sink of sinks)
    await eventually(`${sink.name} to lack nothing`, async () => (await lacking(sink)).length === 0);
});

test('a sink that has missed records, and a Redis that came back empty, become equal by what the page says', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'missed', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, v INT NOT NULL)',
    'INSERT INTO items VALUES (1, 0), (2, 0), (3, 0), (4, 0)',
  ]);
  const { database, name, stores } = pipeline;
  const [capture, ...sinks] = await pipeline.start('capture', ...SINK_SERVICES);
  await pipeline.converged();
  for (const { process } of sinks) await process.stop();
  await database.run(
    'UPDATE items SET v = 1',
    'DELETE FROM items WHERE id = 4',
    'INSERT INTO items VALUES (5, 1)',
  );
  await eventually('the rows to arrive', () =>
    hasArrived(pipeline.reader, pipeline.topic('items'), '{"id":5}'),
  );
  await expire(pipeline, 'items');
  for await (const keys of stores.redis.scanStream({ match: `*${name}*`, count: 2000 }))
    if ((keys as string[]).length > 0) await stores.redis.unlink(...(keys as string[]));
  const known = { 'DATABASE.TABLE': `${name}.items`, DATABASE: name, GROUP: `${name}.redis` };
  for (const sink of SINK_NAMES) {
    const expected = sink === 'redis' ? (['REDIS_EMPTIED', 'DATA_GAP'] as const) : (['DATA_GAP'] as const);
    for (const code of expected) {
      const { process } = await pipeline.launch(`sink-${sink}`, IMPATIENT);
      expect(await process.ended).toMatchObject({ code: 70 });
      expect(process.log.at(-1)?.err).toMatchObject({ code, fix: fixOf(code) });
      for (const command of commandsOf(fixOf(code)))
        if (command.startsWith('redis-cli ')) await stores.redis.call(...redisCall(filledIn(command, known)));
        else await obey(capture?.configFile ?? '', command, { ...known, SINK: sink });
    }
  }
  const again = await pipeline.start(...SINK_SERVICES);
  await pipeline.converged();
  for (const sink of again)
    await eventually(`${sink.name} to lack nothing`, async () => (await lacking(sink)).length === 0);
});

test('a table that sinks make behind an ALTER takes the rows of before it', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'narrowed', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, v INT, gone INT)',
    'INSERT INTO items VALUES (1, 1, 0), (2, 2, 0), (3, 3, 0)',
  ]);
  const { database, name } = pipeline;
  const [capture] = await pipeline.start('capture');
  await eventually('the snapshot', async () => {
    const status = (await capture?.process.status()) as { snapshot: Record<string, { state: string }> };
    return status.snapshot[`${name}.items`]?.state === 'done';
  });
  await expire(pipeline, 'items');
  await database.run(
    'UPDATE items SET v = 5 WHERE id < 3',
    'DELETE FROM items WHERE id = 2',
    'ALTER TABLE items DROP COLUMN gone',
    'INSERT INTO items VALUES (4, 4)',
  );
  const sinks = await Promise.all(SINK_SERVICES.map((sink) => pipeline.launch(sink, IMPATIENT)));
  await pipeline.converged();
  for (const sink of sinks) {
    await eventually(`${sink.name} to lack nothing`, async () => (await lacking(sink)).length === 0);
    if (!sink.name.includes('mysql')) continue;
    const { records } = (await sink.process.status()) as { records: { openDeadLetters: number | null } };
    expect(records.openDeadLetters).toBe(0);
  }
});

function redisCall(command: string): [string, ...string[]] {
  const [, verb = '', ...rest] = command.split(' ');
  return [verb, ...rest];
}

interface Lacking {
  readonly table: string;
  readonly fix: string;
}

async function lacking({ process }: PipelineProcess): Promise<readonly Lacking[]> {
  return ((await process.status()) as { incomplete: readonly Lacking[] }).incomplete;
}

/** As retention does it, and at once. */
async function expire(pipeline: SinkPipeline, table: string): Promise<void> {
  const topic = pipeline.topic(table);
  const marks = await pipeline.admin.fetchTopicOffsets(topic);
  const partitions = marks.map(({ partition, high }) => ({ partition, offset: high }));
  await pipeline.admin.deleteTopicRecords({ topic, partitions });
}

async function waitsFor({ name, process }: PipelineProcess, code: string): Promise<void> {
  await eventually(`${name} to wait for ${code}`, async () => {
    const { paused } = (await process.status()) as { paused: readonly { detail: string }[] };
    return paused.some(({ detail }) => detail.startsWith(code));
  });
}
