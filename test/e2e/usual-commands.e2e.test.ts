import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { newFolder } from '../harness/processes/new-folder.ts';
import { page } from '../harness/processes/service-pages.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { testScope } from '../harness/scope.ts';
import { usualCommands } from '../harness/usual-commands.ts';

/** What docs/operations.md, "The usual commands", answers with: pages, metrics and commands of a pipeline that runs. `npm run test:usual` runs them. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const TABLE = 'DATABASE.items';

/** Commands that are run here, as the table has them and as they are run; in this order. */
const RUN: Readonly<Record<string, string>> = {
  status: 'status',
  'config validate': 'config validate',
  plan: 'plan',
  doctor: 'doctor',
  compare: 'compare',
  'logs SERVICE': 'logs capture',
  'ddl alerts': 'ddl alerts',
  'dlq list': 'dlq list --sink redis',
  'table pause --table shop.clicks': `table pause --table ${TABLE}`,
  'table resume': `table resume --table ${TABLE}`,
  'sink pause --sink S': 'sink pause --sink redis',
  'snapshot start': `snapshot start --table ${TABLE}`,
  'snapshot start --table … --reconcile': `snapshot start --table ${TABLE} --reconcile`,
  'snapshot list': 'snapshot list',
  backup: 'backup --to FOLDER/state',
  'heap capture': 'heap capture --output-file FOLDER/heap',
};

/** Commands that need more than a pipeline that is well, and the test that runs each. */
const ELSEWHERE: Readonly<Record<string, readonly [command: string, file: string]>> = {
  'capture --accept lost-checkpoint': ['lost-checkpoint', 'test/e2e/disaster-recovery.e2e.test.ts'],
  'capture --config FILE': ["service: 'capture'", 'test/harness/pipelines/capture-pipeline.ts'],
  'sink S --config FILE': ['pipeline.start(', 'test/e2e/usual-commands.e2e.test.ts'],
  'capture handover': ['capture handover', 'test/e2e/standby.e2e.test.ts'],
  load: ['load --database', 'test/e2e/doctor.e2e.test.ts'],
  'maintenance daily': ['maintenance daily', 'test/e2e/doctor.e2e.test.ts'],
  'maintenance weekly': ['maintenance weekly', 'test/e2e/alerts.e2e.test.ts'],
  'orphans dump': ["'dump'", 'test/e2e/orphans.e2e.test.ts'],
  'orphans flashback': ["'flashback'", 'test/e2e/orphans.e2e.test.ts'],
  'orphans list': ["'list'", 'test/e2e/orphans.e2e.test.ts'],
  'orphans reapply': ['orphans reapply', 'test/e2e/orphans.e2e.test.ts'],
  repair: ['repair', 'test/e2e/repair.e2e.test.ts'],
  'sink rewind --to beginning': ['sink rewind --sink', 'test/e2e/sink-rewind.e2e.test.ts'],
  'snapshot pause': ['snapshot pause', 'test/e2e/pipeline-status.e2e.test.ts'],
  'source history': ['source history', 'test/e2e/switchover.e2e.test.ts'],
  'source switchover --to db-2:3306': ['source switchover', 'test/harness/switchover/stage.ts'],
  top: ['top', 'test/e2e/pipeline-status.e2e.test.ts'],
};

const ANSWERS = usualCommands()
  .map(({ answer }) => answer)
  .join('\n');
/** Of Prometheus, of the auditor. */
const NOT_OF_SERVICES = /^(?:cdc_(?:ingest|apply|error)_rate|cdc_compare_)/u;

test('every command of the table is run here, or by the test that is named', () => {
  const named = new Set([...ANSWERS.matchAll(/`sluice ([^`]+)`/gu)].map(([, line = '']) => line));
  expect([...named].filter((line) => !(line in RUN) && !(line in ELSEWHERE))).toEqual([]);
  for (const [command, file] of Object.values(ELSEWHERE)) {
    const path = join(import.meta.dirname, '../..', file);
    expect([file, existsSync(path) && readFileSync(path, 'utf8').includes(command)]).toEqual([file, true]);
  }
});

test.runIf(process.env['SLUICE_USUAL'] === 'all')(
  'pages, metrics and commands of the table answer on a pipeline that runs',
  async () => {
    const scope = testScope();
    const pipeline = await SinkPipeline.withTables(scope, stack, 'usual', [
      'CREATE TABLE items (id INT NOT NULL PRIMARY KEY)',
      'INSERT INTO items VALUES (1), (2)',
    ]);
    const services = await pipeline.start('capture', 'sink-redis', 'sink-mysql');
    for (const { opsUrl } of services) await expectPages(opsUrl);
    await expectMetrics(services);
    const file = await fileOfAll(services as [PipelineProcess, PipelineProcess, PipelineProcess]);
    const folder = await newFolder(scope);
    for (const line of Object.values(RUN)) {
      const words = line.replaceAll('DATABASE', pipeline.database.name).replaceAll('FOLDER', folder);
      const { code, said } = await sluice(file, words);
      expect([line, code, code === 0 ? '' : said]).toEqual([line, 0, '']);
    }
  },
  180_000,
);

/** The older paths of the table too, and what `jq` takes out of them. */
async function expectPages(opsUrl: string): Promise<void> {
  for (const path of ['/health', '/status', '/api/health/detailed'])
    expect([path, (await page(`${opsUrl}${path}`)).status]).toEqual([path, 200]);
  const { body } = await page(`${opsUrl}/status`);
  const rates = { ingestTPS: expect.any(Number) as number, errorRate: expect.any(Number) as number };
  const { cdc } = body as { cdc: Readonly<Record<string, unknown>> };
  expect(body).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/u) as string,
    instance: expect.any(String) as string,
    startedAt: expect.any(String) as string,
    config: { hash: expect.any(String) as string },
  });
  expect(cdc).toMatchObject('applyTPS' in cdc ? { errorRate: rates.errorRate } : rates);
}

/** Every metric that the table names. */
async function expectMetrics(services: readonly PipelineProcess[]): Promise<void> {
  const pages = await Promise.all(services.map(({ metricsUrl }) => page(metricsUrl)));
  const text = pages.map((each) => each.text).join('\n');
  const named = [...ANSWERS.matchAll(/`((?:cdc|nodejs|process)_\w+)/gu)].map(([, name = '']) => name);
  const missing = named.filter((name) => !NOT_OF_SERVICES.test(name) && !text.includes(`# TYPE ${name} `));
  expect(missing).toEqual([]);
}

/** A sluice.yaml with these services alone. */
async function fileOfAll([capture, redis, mysql]: readonly [
  PipelineProcess,
  PipelineProcess,
  PipelineProcess,
]): Promise<string> {
  const config = JSON.parse(await readFile(capture.configFile, 'utf8')) as {
    readonly sinks: Readonly<Record<'redis' | 'mysql', object>>;
  };
  const opsOf = ({ opsUrl }: PipelineProcess): object => ({ ops: { port: Number(new URL(opsUrl).port) } });
  const file = `${capture.configFile}.all.yaml`;
  const sinks = {
    redis: { ...config.sinks.redis, ...opsOf(redis) },
    mysql: { ...config.sinks.mysql, ...opsOf(mysql) },
  };
  await writeFile(file, JSON.stringify({ ...config, capture: opsOf(capture), sinks }));
  return file;
}
