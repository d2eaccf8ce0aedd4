import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { metricSum, page } from '../harness/processes/service-pages.ts';
import { SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

test('a paused sink applies nothing and a paused table nothing of its own, over a start too, until they are resumed', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'pauses', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY)',
    'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO items VALUES (1)',
    'INSERT INTO orders VALUES (1)',
  ]);
  const [capture] = (await pipeline.start('capture')) as [PipelineProcess];
  const command = async (line: string): Promise<string> => {
    const { code, said } = await sluice(capture.configFile, `${line} --by me`);
    expect([code, said]).toEqual([0, expect.anything()]);
    return said;
  };
  const items = `${pipeline.name}.items`;
  await command(`table pause --table ${items} --sink redis`);
  await command('sink pause --sink redis');
  const [sink] = (await pipeline.start('sink-redis')) as [PipelineProcess];
  const reasons = await waitingPartitions(sink, 2);
  expect(new Set(reasons)).toEqual(new Set(['operator']));
  expect((await page(`${sink.opsUrl}/status`)).body).toMatchObject({ pausedByOperator: ['*', items] });
  expect((await page(`${sink.opsUrl}/health`)).body).toMatchObject({
    status: 'degraded',
    ready: true,
    components: { partitions: { detail: expect.stringContaining('paused by an operator') as unknown } },
  });
  const has = async (table: string): Promise<boolean> =>
    (await pipeline.stores.redis.exists(`${pipeline.name}.${table}:1`)) === 1;
  expect([await has('items'), await has('orders')]).toEqual([false, false]);

  expect(await command('sink resume --sink redis')).toContain('redis continues within seconds');
  await eventually('the rows of the other table', () => has('orders'));
  expect(await has('items')).toBe(false);
  expect(await sluice(capture.configFile, 'sink resume --sink redis --by me')).toMatchObject({
    code: 1,
    said: expect.stringContaining('is not paused') as unknown,
  });

  const resumed = await sluice(capture.configFile, `table resume --table ${items} --sink redis --by me`);
  expect(resumed.document).toMatchObject({
    services: [{ service: 'sink-redis', lifted: true, resumed: [] }],
  });
  await eventually('the rows of the paused table', () => has('items'));
  expect((await page(`${sink.opsUrl}/status`)).body).toMatchObject({ pausedByOperator: [] });
  await expectWatermarkStands(pipeline, sink, command);
});

/** A sink that had read all, and is paused by order then: it is behind from the first record on that waits, whatever heartbeats come. */
async function expectWatermarkStands(
  pipeline: SinkPipeline,
  sink: PipelineProcess,
  command: (line: string) => Promise<string>,
): Promise<void> {
  const watermark = async (): Promise<number> =>
    metricSum((await page(sink.metricsUrl)).text, 'cdc_sink_watermark_timestamp_seconds', { sink: 'redis' });
  const heartbeat = async (): Promise<number> => {
    const { body } = await page(`${sink.opsUrl}/status`);
    return (body as { readonly heartbeat: { readonly sourceMs: number } }).heartbeat.sourceMs / 1000;
  };
  await eventually('the sink to be level', async () => (await watermark()) === (await heartbeat()));
  await command('sink pause --sink redis');
  await eventually('the order to be known', async () => {
    const { body } = await page(`${sink.opsUrl}/status`);
    return (body as { readonly pausedByOperator: readonly string[] }).pausedByOperator.includes('*');
  });
  await pipeline.database.run('INSERT INTO orders VALUES (2)');
  await waitingPartitions(sink, 1);
  const [stood, since] = [await watermark(), await heartbeat()];
  await eventually('three more heartbeats', async () => (await heartbeat()) > since + 3);
  expect(await watermark()).toBe(stood);
  await command('sink resume --sink redis');
  await eventually('the sink to be level again', async () => (await watermark()) > since + 3);
}

/** Why the partitions of the sink wait, as soon as so many do. */
async function waitingPartitions({ opsUrl }: PipelineProcess, count: number): Promise<readonly string[]> {
  return eventually('the partitions to wait', async () => {
    const { paused } = (await page(`${opsUrl}/status`)).body as {
      readonly paused: readonly { readonly reason: string }[];
    };
    return paused.length >= count && paused.map(({ reason }) => reason);
  });
}
