import { readFile, writeFile } from 'node:fs/promises';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { PacedChanges } from '../harness/workloads/paced-changes.ts';
import { SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

interface Finding {
  readonly area: string;
  readonly result: 'ok' | 'note' | 'problem' | 'unknown';
  readonly found: string;
  readonly fix: string | null;
}

async function findingsOf(file: string, code: number, line = 'doctor'): Promise<readonly Finding[]> {
  const end = await sluice(file, line);
  if (end.document === null) throw new Error(end.said);
  const { findings } = end.document as { readonly findings: readonly Finding[] };
  expect([end.code, findings.filter(({ result }) => result !== 'ok' && result !== 'note')]).toEqual([
    code,
    code === 0 ? [] : expect.anything(),
  ]);
  return findings;
}

interface Config {
  readonly sinks: Readonly<Record<'redis' | 'mysql' | 'elasticsearch', object>>;
}

async function configOf(service: PipelineProcess | undefined): Promise<Config> {
  return JSON.parse(await readFile(service?.configFile ?? '', 'utf8')) as Config;
}

/** The configuration of a service with other sections. @returns the file */
async function writeBeside(
  service: PipelineProcess | undefined,
  stem: string,
  sections: object,
): Promise<string> {
  const copy = `${service?.configFile ?? ''}.${stem}.yaml`;
  await writeFile(copy, JSON.stringify({ ...(await configOf(service)), ...sections }));
  return copy;
}

const portOf = (url = ''): number => Number(new URL(url).port);

test('doctor finds nothing wrong with a pipeline that is well, and says what is wrong with its fix', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'doctor', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY)',
  ]);
  const [capture, sink] = await pipeline.start('capture', 'sink-redis');
  const config = await configOf(capture);
  const written = (stem: string, sections: object): Promise<string> => writeBeside(capture, stem, sections);
  const file = await written('well', {
    capture: { ops: { port: portOf(capture?.opsUrl) } },
    sinks: { redis: { ...config.sinks.redis, ops: { port: portOf(sink?.opsUrl) } } },
  });
  const well = await eventually('a doctor that finds nothing', async () => findingsOf(file, 0));
  expect(new Set(well.map(({ area }) => area))).toEqual(
    new Set(['source', 'capture', 'kafka', 'sink-redis', 'services']),
  );
  expect(well.find(({ area }) => area === 'kafka')?.found).toMatch(/^clock 0\.\d\d s from capture/u);
  // A sink measures its lag a moment after it is ready.
  const daily = await eventually('a day with nothing to do', async () =>
    findingsOf(file, 0, 'maintenance daily'),
  );
  expect(daily.filter(({ area }) => area !== 'source').map(({ area, found }) => [area, found])).toEqual([
    ['services', 'capture is ready'],
    ['services', 'sink-redis is ready'],
    ['lag', expect.stringMatching(/^capture: \d s behind$/)],
    ['lag', expect.stringMatching(/^sink-redis: \d+ records? behind$/)],
    ['errors', expect.stringMatching(/^capture .*: 0\.00 % errors/)],
    ['errors', expect.stringMatching(/^sink-redis .*: 0\.00 % errors/)],
    ['dead-letters', 'capture: none'],
    ['dead-letters', 'sink-redis: none'],
    ['binlog', expect.stringMatching(/^\S+ is kept for \d+\.\d h yet$/)],
  ]);
  const monthly = await findingsOf(file, 1, 'maintenance monthly');
  const monthlyOf = (wanted: string): readonly Finding[] => monthly.filter(({ area }) => area === wanted);
  expect(monthlyOf('restore').map(({ result, found }) => [result, found])).toEqual([
    ['note', expect.stringMatching(/^a backup was taken for it/)],
    ['ok', expect.stringMatching(/^every file has its sum; \d+ stored offsets? are in it/)],
    [
      'ok',
      expect.stringMatching(
        /^[1-9]\d* records of \d+ topics written under \S+-drill-\S+, read back equal and removed/,
      ),
    ],
  ]);
  expect((await pipeline.reader.topicNames()).filter((topic) => topic.includes('-drill-'))).toEqual([]);
  // Tests log in as root, who may do anything.
  expect(monthlyOf('grants')).toMatchObject([
    {
      result: 'problem',
      found: expect.stringMatching(/^source: .*ALL PRIVILEGES|^source: .*and \d+ more/) as unknown,
    },
    { result: 'problem', found: expect.stringMatching(/^sink-redis: \+config\|get, \+acl\|list/) as unknown },
  ]);
  expect(monthlyOf('passwords').map(({ result }) => result)).toEqual(['ok', 'note']);

  const { database } = pipeline;
  const name = 'binlog_expire_logs_seconds';
  const [before] = await database.rows(`SELECT @@GLOBAL.${name} AS value`);
  scope.defer(() => database.run(`SET GLOBAL ${name} = ${String(before?.['value'])}`));
  await database.run(`SET GLOBAL ${name} = 3600`);
  await sink?.process.stop();
  const wrong = await written('wrong', {
    capture: { ops: { port: portOf(capture?.opsUrl) } },
    sinks: {
      redis: { ...config.sinks.redis, ops: { port: portOf(sink?.opsUrl) } },
      mysql: { ...config.sinks.mysql, password: 'wrong' },
      elasticsearch: config.sinks.elasticsearch,
    },
  });
  const findings = (await findingsOf(wrong, 1)).filter(({ result }) => result === 'problem');
  const of = (area: string): readonly Finding[] => findings.filter((finding) => finding.area === area);
  expect(of('source')).toMatchObject([
    {
      found: expect.stringContaining('3600 s') as unknown,
      fix: expect.stringContaining('SET GLOBAL') as unknown,
    },
  ]);
  expect(of('sink-mysql')).toMatchObject([
    {
      found: expect.stringMatching(/^MYSQL_AUTH_FAILED/) as unknown,
      fix: expect.stringContaining('password') as unknown,
    },
  ]);
  expect(of('sink-elasticsearch')).toEqual([]);
  expect(of('services').map(({ found }) => found)).toContain(
    'sink-redis: no process of it runs: its consumer group has no member',
  );

  const bad = (await findingsOf(file, 1, 'maintenance daily')).filter(({ result }) => result === 'problem');
  const badOf = (area: string): readonly string[] =>
    bad.filter((finding) => finding.area === area).map(({ found }) => found);
  expect(badOf('services')).toContain('sink-redis: no process of it runs: its consumer group has no member');
  expect(badOf('binlog')).toEqual([expect.stringMatching(/is kept for 1\.0 h yet|is kept for 0\.9 h yet/)]);
});

test('a load writes into a database that is marked for it, and into no other', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'load', []);
  const { database } = pipeline;
  const [capture, sink] = await pipeline.start('capture', 'sink-redis');
  const { sinks } = await configOf(capture);
  const file = await writeBeside(capture, 'load', {
    capture: { ops: { port: portOf(capture?.opsUrl) } },
    sinks: { redis: { ...sinks.redis, ops: { port: portOf(sink?.opsUrl) } } },
  });
  const order = `load --database ${database.name} --duration 3 --rate 60/s --shape small --writers 2`;
  const refused = await sluice(file, order);
  expect([refused.code, refused.said]).toEqual([1, expect.stringContaining('is not marked for a load')]);
  await database.run('CREATE TABLE sluice_load_allowed (id INT PRIMARY KEY)');
  expect((await sluice(file, order)).document).toMatchObject({ dryRun: true, emptied: [] });
  await database.run('CREATE TABLE orders (id INT NOT NULL PRIMARY KEY)', 'INSERT INTO orders VALUES (7)');
  const own = await sluice(file, `${order} --yes`);
  expect([own.code, own.said]).toEqual([1, expect.stringContaining('that no load has made (orders)')]);
  expect(await database.rows('SELECT id FROM orders')).toEqual([{ id: 7 }]);
  await database.run('DROP TABLE orders');
  // The source is never quiet: others write beside the load.
  const beside = await SourceDatabase.create(scope, stack.mysql, 'beside');
  await beside.run('CREATE TABLE busy (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)');
  const others = new PacedChanges(beside, 'busy', 500);
  const { code, document, said } = await sluice(file, `${order} --yes`);
  await others.stop();
  if (code !== 0) throw new Error(said);
  expect(document).toMatchObject({
    reached: true,
    latencies: [{ service: 'sink-redis', p99Ms: expect.any(Number) as unknown }],
    caughtUpSeconds: expect.any(Number) as unknown,
  });
  const { transactions, rows } = document as Readonly<Record<'transactions' | 'rows', number>>;
  expect([transactions >= 170, rows >= transactions]).toEqual([true, true]);
});
