import { randomBytes } from 'node:crypto';
import { startStack } from '@sluice/local-stack';
import { quoteTable } from '@sluice/mysql';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { metricSum, page } from '../harness/processes/service-pages.ts';
import {
  SINK_NAMES,
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
  type SinkName,
} from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

interface ListedLetter {
  readonly id: string;
  readonly table: string;
  readonly key: string;
  readonly errorCode: string;
  readonly replays: number;
}

interface Listed {
  readonly depth: number;
  readonly letters: readonly ListedLetter[];
}

/** Each store refuses another row: by a narrower column, by a number where a text comes, by a key of another type. */
const BAD: Readonly<Record<SinkName, { readonly id: number; readonly code: string }>> = {
  mysql: { id: 5, code: 'MYSQL_VALUE_REFUSED' },
  elasticsearch: { id: 9, code: 'ELASTICSEARCH_DOCUMENT_REFUSED' },
  redis: { id: 13, code: 'REDIS_WRONG_TYPE' },
};
const ROWS = 31;

describe('a poison row in each store', () => {
  test('is the one dead letter; mended and replayed, nothing is left and the stores are equal', async () => {
    const pipeline = await parcels('poison');
    // Whoever made the index gave a field another type.
    await pipeline.stores.elasticsearch.indices.create({
      index: pipeline.stores.index('parcels'),
      mappings: { properties: { code: { type: 'integer' } } },
    });
    const [, ...sinks] = await pipeline.start('capture', ...SINK_SERVICES);
    await pipeline.converged();
    await setTargetWidth(pipeline, 10);
    await pipeline.stores.redis.lpush(`${pipeline.name}.parcels:${BAD.redis.id}`, 'not ours');
    await insertRows(pipeline);
    const services = new Map(SINK_NAMES.map((name, index) => [name, sinks[index] as PipelineProcess]));
    for (const [sink, service] of services) await expectOneLetter(pipeline, sink, service);
    await eventually('the neighbours in every store', async () => {
      const { sinks: found } = await pipeline.compare();
      return SINK_NAMES.every((sink) => found[sink]?.missing === 1);
    });
    // Not mended yet: the replay says so, and the letter stays.
    const early = await sluice(fileOf(services, 'mysql'), 'dlq replay --sink mysql --yes --by me');
    expect(early.code).toBe(1);
    expect(early.document).toMatchObject({ counts: { failed: 1 } });
    expect(await list(services, 'mysql')).toMatchObject({ depth: 1, letters: [{ replays: 1 }] });

    await mendStores(pipeline);
    for (const [sink, service] of services) await expectReplayed(sink, service);
    await pipeline.converged();
  });

  test('that has changed meanwhile is stale when it is replayed', async () => {
    const pipeline = await parcels('stale');
    const [, redis] = await pipeline.start('capture', 'sink-redis');
    const { stores, database } = pipeline;
    // Only once the row is there: else the snapshot's own record would be a dead letter too.
    await eventually('the first row', async () => (await rowOf(pipeline, 1)) !== null);
    await stores.redis.del(`${pipeline.name}.parcels:1`);
    await stores.redis.lpush(`${pipeline.name}.parcels:1`, 'not ours');
    await database.run("UPDATE parcels SET label = 'second' WHERE id = 1");
    const { configFile: file, metricsUrl } = redis as PipelineProcess;
    await eventually('the dead letter', async () => (await depthOf(metricsUrl, 'redis')) > 0);
    const listed = (await sluice(file, 'dlq list --sink redis')).document as Listed;
    expect(listed.depth).toBeGreaterThan(0);
    await stores.redis.del(`${pipeline.name}.parcels:1`);
    await database.run("UPDATE parcels SET label = 'third' WHERE id = 1");
    await eventually('the newest row', async () => (await rowOf(pipeline, 1))?.includes('third'));
    const replayed = await sluice(file, 'dlq replay --sink redis --yes');
    expect(replayed.document).toMatchObject({ counts: { stale: listed.depth } });
    expect(replayed).toMatchObject({ code: 0, said: expect.stringContaining('"stale":') as string });
    expect(await rowOf(pipeline, 1)).toContain('third');
    expect((await sluice(file, 'dlq list --sink redis')).document).toMatchObject({ depth: 0, letters: [] });
    const all = (await sluice(file, 'dlq list --sink redis --all')).document;
    expect(all).toMatchObject({ letters: [{ decision: { outcome: 'stale' } }] });
  });
});

describe('a strict table', () => {
  test('stops at the record until an operator lets it go', async () => {
    const pipeline = await parcels('strict');
    const { stores, database } = pipeline;
    await pipeline.start('capture');
    await stores.redis.lpush(`${pipeline.name}.parcels:7`, 'not ours');
    const strictTables = [`${pipeline.name}.parcels`];
    const retry = { initialMs: 20, maxMs: 500 };
    const sink = await pipeline.launch('sink-redis', { strictTables, retry });
    await sink.process.ready();
    await database.run("INSERT INTO parcels VALUES (7, 'held', '7')");
    const held = await eventually('the partition to wait', async () => {
      const { body } = await page(`${sink.opsUrl}/status`);
      const { paused } = body as { paused: readonly { reason: string; detail: string; topic: string }[] };
      return paused.find(({ reason }) => reason === 'strict');
    });
    expect(held.detail).toMatch(/^RECORD_HELD: .*REDIS_WRONG_TYPE/);
    expect(await pipeline.deadLetters('redis')).toEqual([]);
    const [, partition, offset] = /\[(\d+)\] offset (\d+)/.exec(held.detail) ?? [];
    const released = await sluice(
      sink.configFile,
      `dlq release --sink redis --id ${held.topic}-${partition}-${offset} --by me`,
    );
    expect(released.code).toBe(0);
    await eventually('the dead letter', async () => (await pipeline.deadLetters('redis')).length === 1);
    await database.run('INSERT INTO parcels SELECT id + 100, label, code FROM parcels');
    await eventually('the rows behind it', async () => (await rowOf(pipeline, 107)) !== null);
  });
});

describe('a row too large for Kafka', () => {
  test('is missing by name until it is read again, and its letter is discarded', async () => {
    const pipeline = await SinkPipeline.withTables(testScope(), stack, 'large', [
      'CREATE TABLE `parcels.big` (id INT NOT NULL PRIMARY KEY, label MEDIUMTEXT NOT NULL)',
    ]);
    const topics = { maxMessageBytes: 20_000, oversize: 'dead-letter' };
    pipeline.configure({ topics });
    const [first] = (await pipeline.start('capture', 'sink-redis')) as [PipelineProcess, PipelineProcess];
    const table = `${pipeline.name}.\`parcels.big\``;
    const large = randomBytes(30_000).toString('base64');
    await pipeline.database.run(
      `INSERT INTO \`parcels.big\` VALUES (1, 'small'), (2, '${large}'), (3, '${large}'), (4, 'small')`,
      // The same two rows once more: no more letters than rows.
      'UPDATE `parcels.big` SET label = REVERSE(label)',
    );
    const rowOfBig = (id: number): Promise<string | null> =>
      pipeline.stores.redis.get(`${pipeline.name}.parcels%2Ebig:${id}`);
    await eventually('the neighbours', async () => (await rowOfBig(4))?.includes('llams') === true);
    await eventually('capture to tell of it', async () => {
      const { body } = await page(`${first.opsUrl}/status`);
      return (body as { records: { openDeadLetters: number } }).records.openDeadLetters === 2;
    });
    expect((await page(`${first.opsUrl}/health`)).body).toMatchObject({
      components: {
        rows: { detail: '2 too large for Kafka, missing in all sinks: see sluice dlq list --sink capture' },
      },
    });
    expect(metricSum((await page(first.metricsUrl)).text, 'cdc_dlq_depth', { sink: 'capture' })).toBe(2);
    const ofTable = ['--table', table];
    const listed = await sluice(first.configFile, 'dlq list --sink capture', ...ofTable);
    expect(listed.said).toContain(`sluice snapshot start --table '${table}'`);
    // They stand in the order of their partitions.
    const letters = (listed.document as Listed).letters.toSorted((a, b) => a.key.localeCompare(b.key));
    const one = { table, errorCode: 'ROW_TOO_LARGE', offset: null, decision: null };
    expect(letters).toMatchObject([
      { ...one, key: '{"id":2}' },
      { ...one, key: '{"id":3}' },
    ]);
    const shown = await sluice(first.configFile, `dlq show --sink capture --id ${letters[0]?.id}`);
    expect(shown.document).toMatchObject({ key: '{"id":2}', headers: { 'cdc.dlq.stage': 'publish' } });
    const replayed = await sluice(first.configFile, 'dlq replay --sink capture --yes');
    expect(replayed).toMatchObject({ code: 1, said: expect.stringContaining('snapshot start') as string });

    await first.process.stop();
    const stopped = await sluice(first.configFile, 'status');
    const services = (stopped.document as { services: readonly unknown[] }).services;
    expect(services[0]).toMatchObject({ service: 'capture', kafka: { deadLetters: 2 } });
    pipeline.configure({ topics: { ...topics, maxMessageBytes: 200_000 } });
    const [second] = (await pipeline.start('capture')) as [PipelineProcess];
    const snapshot = await sluice(second.configFile, 'snapshot start', ...ofTable);
    expect(snapshot).toMatchObject({ code: 0, document: { jobs: [{ table }] } });
    await eventually('the rows', async () => (await rowOfBig(2)) !== null && (await rowOfBig(3)) !== null);
    const discard = await sluice(second.configFile, 'dlq discard --sink capture --yes', ...ofTable);
    expect(discard).toMatchObject({ code: 0, said: expect.stringContaining('"discarded":2') as string });
    expect((await sluice(second.configFile, 'dlq list --sink capture')).document).toMatchObject({ depth: 0 });
    await eventually('capture to be well', async () => {
      const { body } = await page(`${second.opsUrl}/health`);
      return (body as { status: string }).status === 'ok';
    });
  });
});

describe('a row that has become too large for Kafka', () => {
  test('keeps in every store what it was, through snapshots that remove what is gone', async () => {
    const pipeline = await SinkPipeline.withTables(testScope(), stack, 'outgrown', [
      'CREATE TABLE big (id INT NOT NULL PRIMARY KEY, label MEDIUMTEXT NOT NULL)',
      "INSERT INTO big VALUES (1, 'small'), (2, 'small'), (3, 'gone soon'), (4, 'gone later')",
    ]);
    const { database, name } = pipeline;
    const topics = { maxMessageBytes: 20_000, oversize: 'dead-letter' };
    pipeline.configure({ topics });
    const [first] = (await pipeline.start('capture', ...SINK_SERVICES)) as [PipelineProcess];
    await pipeline.converged();
    const large = randomBytes(30_000).toString('base64');
    await database.run(`UPDATE big SET label = '${large}' WHERE id = 2`);
    const expectOnlyOldRow = async (what: string): Promise<void> => {
      const reconciled = async (): Promise<boolean> => {
        const { sinks } = await pipeline.compare();
        return SINK_NAMES.every((sink) => sinks[sink]?.extra === 0);
      };
      await eventually(`${what} to remove what is gone`, reconciled, { timeoutMs: 60_000 });
      const { sinks } = await pipeline.compare();
      const onlyOld = { missing: 0, different: 1, extra: 0 };
      expect(sinks).toMatchObject({ redis: onlyOld, elasticsearch: onlyOld, mysql: onlyOld });
      const [copies] = await pipeline.stores.target.query(
        `SELECT label FROM ${quoteTable(pipeline.stores.targetDatabase, 'big')} WHERE id = 2`,
      );
      expect(copies).toEqual([{ label: 'small' }]);
    };
    const ofTable = ['--table', `${name}.big`, '--reconcile'];

    await deleteUnseen(database, 3);
    expect(await sluice(first.configFile, 'snapshot start', ...ofTable)).toMatchObject({ code: 0 });
    await expectOnlyOldRow('a snapshot that reconciles');
    await deleteUnseen(database, 4);
    await database.run('ALTER TABLE big ADD COLUMN note INT NOT NULL DEFAULT 7');
    await expectOnlyOldRow('the snapshot after an ALTER');

    await first.process.stop();
    pipeline.configure({ topics: { ...topics, maxMessageBytes: 200_000 } });
    const [second] = (await pipeline.start('capture')) as [PipelineProcess];
    expect(await sluice(second.configFile, 'snapshot start', ...ofTable)).toMatchObject({ code: 0 });
    await pipeline.converged();
  });
});

/** As in a gap of the binlog: capture hears nothing of it. */
async function deleteUnseen(database: SourceDatabase, id: number): Promise<void> {
  await database.run('SET sql_log_bin = 0', `DELETE FROM big WHERE id = ${id}`, 'SET sql_log_bin = 1');
}

describe('mass diversion', () => {
  test('stops the sink, over restarts too, until it is accepted or its settings have changed', async () => {
    const pipeline = await parcels('halted');
    const { stores, database } = pipeline;
    await pipeline.start('capture');
    for (let id = 2; id < 40; id++) await stores.redis.lpush(`${pipeline.name}.parcels:${id}`, 'not ours');
    const few = { diversion: { records: 5 }, quickRetries: 0 };
    const first = await pipeline.launch('sink-redis', few);
    await first.process.ready();
    await insertRows(pipeline);
    expect(await first.process.ended).toMatchObject({ code: 70 });
    const letters = (await pipeline.deadLetters('redis')).length;
    expect(letters).toBeLessThanOrEqual(5);
    // A supervisor that starts it again gets the same answer, and no letter more.
    const second = await pipeline.launch('sink-redis', few);
    expect(await second.process.ended).toMatchObject({ code: 70 });
    expect(second.process.log.at(-1)).toMatchObject({ err: { code: 'DIVERSION_HALTED' } });
    expect(await pipeline.deadLetters('redis')).toHaveLength(letters);

    for (let id = 2; id < 40; id++) await stores.redis.del(`${pipeline.name}.parcels:${id}`);
    expect(await sluice(second.configFile, 'dlq accept --sink redis --by me')).toMatchObject({ code: 0 });
    expect(await sluice(second.configFile, 'dlq accept --sink redis')).toMatchObject({ code: 1 });
    const third = await pipeline.launch('sink-redis', few);
    await third.process.ready();
    await eventually('the rows', async () => (await rowOf(pipeline, ROWS)) !== null);
    expect(await sluice(third.configFile, 'dlq replay --sink redis --yes')).toMatchObject({ code: 0 });
    expect((await sluice(third.configFile, 'dlq list --sink redis')).document).toMatchObject({ depth: 0 });
    await database.run('DELETE FROM parcels WHERE id > 100');
  });

  test('is lifted by other settings', async () => {
    const pipeline = await parcels('lifted');
    await pipeline.start('capture');
    for (let id = 2; id < 40; id++)
      await pipeline.stores.redis.lpush(`${pipeline.name}.parcels:${id}`, 'not ours');
    const first = await pipeline.launch('sink-redis', { diversion: { records: 1 }, quickRetries: 0 });
    await first.process.ready();
    await insertRows(pipeline);
    expect(await first.process.ended).toMatchObject({ code: 70 });
    const second = await pipeline.launch('sink-redis', { diversion: { records: 100 }, quickRetries: 0 });
    await second.process.ready();
    expect(second.process.log.some(({ event }) => event === 'halt.lifted')).toBe(true);
    const isEvery = async (): Promise<boolean> => (await depthOf(second.metricsUrl, 'redis')) === ROWS - 1;
    await eventually('every dead letter', isEvery);
    const { document } = await sluice(second.configFile, 'dlq discard --sink redis');
    const discarded = (document as Listed).letters;
    expect(discarded).toHaveLength(ROWS - 1);
    const [{ id } = { id: '' }] = discarded;
    await sluice(second.configFile, `dlq discard --sink redis --yes --reason x --id ${id}`);
    expect((await sluice(second.configFile, 'dlq list --sink redis')).document).toMatchObject({
      depth: ROWS - 2,
    });
  });
});

async function parcels(stem: string): Promise<SinkPipeline> {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, stem);
  await database.run(
    'CREATE TABLE parcels (id INT NOT NULL PRIMARY KEY, label VARCHAR(40) NOT NULL, code VARCHAR(20) NOT NULL)',
    "INSERT INTO parcels VALUES (1, 'first', '1')",
  );
  return SinkPipeline.create(scope, { stack, database });
}

async function insertRows({ database }: SinkPipeline): Promise<void> {
  const rows = Array.from({ length: ROWS - 1 }, (_, index) => index + 2).map((id) => {
    const label = id === BAD.mysql.id ? 'a text of more than ten' : `label ${id}`;
    return `(${id}, '${label}', '${id === BAD.elasticsearch.id ? 'no number' : id}')`;
  });
  await database.run(`INSERT INTO parcels VALUES ${rows.join(', ')}`);
}

async function mendStores(pipeline: SinkPipeline): Promise<void> {
  const { stores, name } = pipeline;
  await setTargetWidth(pipeline, 40);
  await stores.redis.del(`${name}.parcels:${BAD.redis.id}`);
  await stores.elasticsearch.indices.putMapping({
    index: stores.index('parcels'),
    properties: { code: { type: 'integer', ignore_malformed: true } },
  });
}

async function setTargetWidth({ stores }: SinkPipeline, width: number): Promise<void> {
  const copy = quoteTable(stores.targetDatabase, 'parcels');
  await stores.target.query(`ALTER TABLE ${copy} MODIFY label VARCHAR(${width}) NOT NULL`);
}

async function expectOneLetter(
  pipeline: SinkPipeline,
  sink: SinkName,
  { configFile, metricsUrl }: PipelineProcess,
): Promise<void> {
  const { id, code } = BAD[sink];
  await eventually(`the depth of ${sink}`, async () => (await depthOf(metricsUrl, sink)) === 1);
  const listed = (await sluice(configFile, `dlq list --sink ${sink}`)).document;
  const expected = { table: `${pipeline.name}.parcels`, key: `{"id":${id}}`, errorCode: code, replays: 0 };
  expect(listed).toMatchObject({ depth: 1, letters: [expected] });
  const other = await sluice(configFile, `dlq list --sink ${sink} --table a.b`);
  expect(other.document).toMatchObject({ depth: 1, letters: [] });
  const [letter] = (listed as Listed).letters;
  const shown = await sluice(configFile, `dlq show --sink ${sink} --id ${letter?.id}`);
  expect(shown.document).toMatchObject({ key: `{"id":${id}}`, headers: { 'cdc.dlq.error.code': code } });
}

async function expectReplayed(sink: SinkName, { configFile, metricsUrl }: PipelineProcess): Promise<void> {
  const dry = await sluice(configFile, `dlq replay --sink ${sink}`);
  expect(dry).toMatchObject({ code: 0, document: { dryRun: true, letters: [{ decision: 'replay' }] } });
  const done = await sluice(configFile, `dlq replay --sink ${sink} --yes --rate 10/s --by me`);
  expect(done).toMatchObject({ code: 0, document: { counts: { applied: 1 } } });
  expect(done.said).toMatch(/^audit: \{.*"by":"me","command":"dlq replay"/);
  expect((await sluice(configFile, `dlq list --sink ${sink}`)).document).toMatchObject({ depth: 0 });
  await eventually(`the depth of ${sink}`, async () => (await depthOf(metricsUrl, sink)) === 0);
  const { text } = await page(metricsUrl);
  expect(metricSum(text, 'cdc_dlq_replayed_total', { sink, result: 'applied' })).toBe(1);
}

async function depthOf(metricsUrl: string, sink: SinkName): Promise<number> {
  return metricSum((await page(metricsUrl)).text, 'cdc_dlq_depth', { sink });
}

function fileOf(services: ReadonlyMap<SinkName, PipelineProcess>, sink: SinkName): string {
  return services.get(sink)?.configFile ?? '';
}

async function list(services: ReadonlyMap<SinkName, PipelineProcess>, sink: SinkName): Promise<unknown> {
  return (await sluice(fileOf(services, sink), `dlq list --sink ${sink}`)).document;
}

/** The row as Redis has it; null when it has none. */
async function rowOf({ stores, name }: SinkPipeline, id: number): Promise<string | null> {
  return stores.redis.get(`${name}.parcels:${id}`).catch(() => null);
}
