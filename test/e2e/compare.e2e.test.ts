import { compareReportSchema } from '@sluice/compare';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import {
  hasRow,
  ITEMS_COLUMNS,
  outlineOf,
  plant,
  planted,
  RESTING,
  RESTING_ROWS,
  restingRows,
  SECRET,
} from '../harness/workloads/planted-differences.ts';
import { testScope } from '../harness/scope.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SteadyWriter } from '../harness/workloads/steady-writer.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

test('planted differences are found while changes go on, and no others', { timeout: 240_000 }, async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'compare', [
    `CREATE TABLE items (${ITEMS_COLUMNS})`,
    'CREATE TABLE busy (id INT NOT NULL PRIMARY KEY, version INT)',
    ...RESTING.map(restingRows),
  ]);
  const hidden = { mask: '***' };
  const sections = { tables: { '*.items': { columns: { secret: hidden, cut: { exclude: true } } } } };
  pipeline.configure(sections);
  const [, redis] = await pipeline.start('capture', ...SINK_SERVICES);
  const { configFile } = redis ?? { configFile: '' };
  const writer = new SteadyWriter(pipeline.database, ['items', 'busy']);
  scope.defer(() => writer.stop().catch(() => undefined));
  await eventually('the last resting row in every store', () => hasRow(pipeline, 1_000_699), {
    timeoutMs: 60_000,
  });

  const equal = await compare(configFile, 'compare');
  expect(equal.said).toContain('equal: ');
  expect([equal.code, equal.report.result, equal.report.notSettled]).toEqual([0, 'equal', []]);
  const [busy, items] = equal.report.tables;
  expect(items?.remarks).toEqual([
    'column secret is not compared: masked as "***"',
    'column cut is not compared: left out',
  ]);
  expect(busy?.sinks['redis']?.compared).toBeGreaterThan(0);
  expect(items?.sinks['mysql']?.compared).toBeGreaterThan(2 * RESTING_ROWS);

  await plant(pipeline);
  const written = writer.written;
  const found = await compare(configFile, `compare ${pipeline.name}.items`);
  expect(writer.written).toBeGreaterThan(written);
  expect([found.code, found.report.result, found.report.notSettled]).toEqual([3, 'different', []]);
  for (const sink of SINK_NAMES) expect([sink, outlineOf(found.report, sink)]).toEqual([sink, planted()]);
  expect(JSON.stringify(found.report)).not.toContain(SECRET);
  const { host, port } = pipeline.database.server;
  const hosts = [1, port].map((at) => ({ host, port: at }));
  pipeline.configure({ ...sections, source: { host: undefined, port: undefined, hosts } });
  const several = await pipeline.writeConfig('several');
  const some = await compare(
    several.configFile,
    `compare ${pipeline.name}.items --keys 1000000.. --sink redis --where`,
    "note = 'plain' AND id > 1000650",
  );
  expect(some.report.tables[0]?.sinks).toMatchObject({ redis: { compared: 49, equal: 47 } });
  expect(some.report.differences.map(({ key, kind }) => [kind, key?.['id']])).toEqual([
    ['missing', '1000698'],
    ['different', '1000699'],
  ]);

  await redis?.process.stop();
  const behind = writer.written + 30;
  await eventually('changes that the sink has not applied', () => Promise.resolve(writer.written > behind));
  const stopped = await compare(configFile, `compare ${pipeline.name}.busy --sink redis`);
  const counts = stopped.report.tables[0]?.sinks['redis'];
  expect([stopped.code, stopped.report.result]).toEqual([1, 'not done']);
  expect(counts).toMatchObject({ different: 0, missing: 0, extra: 0 });
  expect(counts?.notSettled).toBeGreaterThan(0);
  expect(stopped.said).toContain('no process of sink redis runs');
  await writer.stop();

  // Without Kafka and without a look at what runs: what is planted, when what was on its way has come.
  pipeline.configure({ ...sections, kafka: { brokers: ['127.0.0.1:1'] } });
  const { configFile: alone } = await pipeline.writeConfig('alone');
  const offline = ['mysql', 'elasticsearch'] as const;
  const lone = await eventually('the sinks to have applied everything', async () => {
    const seen = await compare(
      alone,
      `compare ${pipeline.name}.items --offline --sink mysql --sink elasticsearch`,
    );
    return seen.report.differences.length === offline.length * planted().length && seen;
  });
  expect([lone.code, lone.report.result, lone.report.offline]).toEqual([3, 'different', true]);
  for (const sink of offline) expect([sink, outlineOf(lone.report, sink)]).toEqual([sink, planted()]);

  async function compare(file: string, line: string, ...more: string[]) {
    const end = await sluice(file, line, ...more);
    if (end.document === null) throw new Error(end.said);
    return { ...end, report: compareReportSchema.parse(end.document) };
  }
});
