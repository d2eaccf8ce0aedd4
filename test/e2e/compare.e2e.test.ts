import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
import { testScope, type Scope } from '../harness/scope.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';
import { startAuditor } from '../harness/processes/auditor.ts';
import { newFolder } from '../harness/processes/new-folder.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SteadyWriter } from '../harness/workloads/steady-writer.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

/** The command that never ends tells the planted differences of each sink by its metrics, and ends when it is told to. */
async function seenByMetrics(scope: Scope, file: string, table: string): Promise<void> {
  const auditor = await startAuditor(scope, file, table);
  const [database, name] = table.split('.');
  const series = (sink: string): string => `{sink="${sink}",database="${database}",table="${name}"}`;
  const valueOf = (text: string, metric: string, sink: string): number =>
    Number(text.split(`${metric}${series(sink)} `)[1]?.split('\n')[0] ?? Number.NaN);
  const text = await eventually('a comparison of every sink', async () => {
    const answer = await fetch(auditor.metricsUrl).catch(() => null);
    const seen = (await answer?.text()) ?? '';
    return (
      SINK_NAMES.every((sink) => valueOf(seen, 'cdc_compare_last_success_timestamp_seconds', sink) > 0) &&
      seen
    );
  });
  expect(text).toContain('cdc_ready 1');
  for (const sink of SINK_NAMES) {
    expect([sink, valueOf(text, 'cdc_compare_different', sink)]).toEqual([sink, planted().length]);
    for (const rows of ['cdc_compare_rows_total', 'cdc_compare_last_rows'])
      expect(valueOf(text, rows, sink)).toBeGreaterThan(2 * RESTING_ROWS - planted().length);
  }
  expect(await auditor.stop()).toBe(0);
}

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

  await seenByMetrics(scope, configFile, `${pipeline.name}.items`);

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

  // SQL for a person: run by hand, it makes the copy equal.
  const folder = await newFolder(scope);
  const [report, sql] = ['report.json', 'repair.sql'].map((name) => join(folder, name));
  const alike = `compare ${pipeline.name}.items --offline --sink mysql`;
  expect((await compare(alone, `${alike} --output-file ${report}`)).code).toBe(3);
  const refused = await sluice(alone, `repair --offline --report ${report} --sink mysql`);
  expect([refused.code, refused.said]).toEqual([2, expect.stringContaining('by --sql-file FILE')]);
  const told = await sluice(alone, `repair --offline --report ${report} --sink mysql --sql-file ${sql}`);
  expect([told.code, told.said]).toEqual([0, expect.stringContaining(`repairs ${planted().length} rows`)]);
  for (const statement of (await readFile(sql ?? '', 'utf8')).split(';\n'))
    if (statement !== '') await pipeline.stores.target.query(statement);
  expect((await compare(alone, alike)).report).toMatchObject({ result: 'equal', differences: [] });

  async function compare(file: string, line: string, ...more: string[]) {
    const end = await sluice(file, line, ...more);
    if (end.document === null) throw new Error(end.said);
    return { ...end, report: compareReportSchema.parse(end.document) };
  }
});
