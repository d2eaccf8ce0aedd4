import { startStack } from '@sluice/local-stack';
import type { RowDataPacket } from '@sluice/mysql';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope, uniqueName } from '../harness/scope.ts';
import { metricSum, page } from '../harness/processes/service-pages.ts';
import { SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

/** Both ask for all that they need before they begin. */
const CODE = 'PREFLIGHT_FAILED';

interface Status {
  readonly instance: string;
  readonly needsOperator: {
    readonly code: string;
    readonly fix: string;
    readonly nextCheckAt: string | null;
  } | null;
}

test('a service that a server refuses stays up, says what it needs, does nothing, and goes on when it is mended', async () => {
  const scope = testScope();
  const user = uniqueName('late');
  const database = await SourceDatabase.create(scope, stack.mysql, 'needs');
  await database.run('CREATE TABLE items (id INT NOT NULL PRIMARY KEY)', 'INSERT INTO items VALUES (1), (2)');
  const sections = { source: { user, password: 'right' } };
  const pipeline = await SinkPipeline.create(scope, { stack, database, sections, onFatal: 'stay' });
  const capture = await pipeline.launch('capture');
  const sink = await pipeline.launch('sink-mysql', { user, password: 'right' });
  const services = [capture, sink];
  const before = await Promise.all(services.map(waiting));

  for (const { opsUrl, metricsUrl, process } of services) {
    expect((await page(`${opsUrl}/livez`)).status).toBe(200);
    expect((await page(`${opsUrl}/readyz`)).status).toBe(503);
    expect(await page(`${opsUrl}/health`)).toMatchObject({
      status: 503,
      body: { ready: false, components: { operator: { status: 'down' } } },
    });
    const { text } = await page(metricsUrl);
    expect(metricSum(text, 'cdc_needs_operator', { code: CODE })).toBe(1);
    expect(process.log.filter(({ event }) => event === 'service.needs_operator')).toHaveLength(1);
  }
  expect(await pipeline.dataTopics()).toEqual([]);
  const order = await capture.process.order('/api/v1/snapshots', { tables: ['x.y'], by: 'me' });
  expect(order).toMatchObject({ status: 503, body: { code: CODE } });
  const { code, said } = await sluice(capture.configFile, 'status');
  expect([code, said]).toEqual([1, expect.stringContaining(`operator is down: ${CODE}`)]);

  await createUser(scope, pipeline, user);
  await Promise.all(services.map(({ process }) => process.ready()));
  const copy = `SELECT COUNT(*) AS copied FROM ${pipeline.stores.targetDatabase}.items`;
  await eventually('the rows in the target', async () => {
    const [rows] = await pipeline.stores.target.query<RowDataPacket[]>(copy);
    return Number(rows[0]?.['copied']) === 2;
  });
  for (const [index, service] of services.entries()) {
    const { instance, needsOperator } = (await page(`${service.opsUrl}/status`)).body as Status;
    expect([instance, needsOperator]).toEqual([before[index]?.instance, null]);
    const { text } = await page(service.metricsUrl);
    expect(metricSum(text, 'cdc_needs_operator', { code: CODE })).toBe(0);
  }
});

/** The page, as soon as the service says that it needs a person. */
async function waiting({ opsUrl }: PipelineProcess): Promise<Status> {
  const status = await eventually('it to need a person', async () => {
    const body = (await page(`${opsUrl}/status`)).body as Status;
    return (body.needsOperator ?? null) !== null && body;
  });
  expect(status.needsOperator).toMatchObject({
    code: CODE,
    nextCheckAt: expect.any(String) as unknown,
  });
  return status;
}

async function createUser(
  scope: ReturnType<typeof testScope>,
  { database, stores }: SinkPipeline,
  user: string,
): Promise<void> {
  const created = [`CREATE USER '${user}'@'%' IDENTIFIED BY 'right'`, `GRANT ALL ON *.* TO '${user}'@'%'`];
  scope.defer(() => database.run(`DROP USER '${user}'@'%'`));
  await database.run(...created);
  scope.defer(async () => {
    await stores.target.query(`DROP USER '${user}'@'%'`);
  });
  for (const statement of created) await stores.target.query(statement);
}
