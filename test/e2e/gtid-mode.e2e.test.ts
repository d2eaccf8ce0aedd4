import { startStack } from '@sluice/local-stack';
import { expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { fileScope, testScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

const { brokers } = (await startStack({ servers: ['kafka'] })).kafka;
// `gtid_mode` is of the whole server.
const servers = await ownServers(fileScope(), { mysql: [] });

test('gtid_mode on its way from ON to OFF and back, while capture runs and while it does not', async () => {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, servers.mysql, 'gtids');
  await database.run('CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, v VARCHAR(40))');
  const pipeline = await CapturePipeline.create(scope, { database, brokers });
  let capture = await pipeline.start();
  await pipeline.snapshotDone(capture, ['orders']);
  let id = 0;
  const insert = async (): Promise<void> => {
    id += 1;
    await database.run(`INSERT INTO orders VALUES (${id}, 'x')`);
  };
  const turn = async (...modes: readonly string[]): Promise<void> => {
    for (const mode of modes) await database.run(`SET GLOBAL gtid_mode = ${mode}`);
    await insert();
  };
  await insert();
  await turn('ON_PERMISSIVE');
  await pipeline.arrived(capture, 'orders', `{"id":${id}}`);
  await capture.kill();
  await turn('OFF_PERMISSIVE');
  capture = await pipeline.start();
  await turn('OFF');
  await pipeline.arrived(capture, 'orders', `{"id":${id}}`);
  expect(await capture.stop()).toMatchObject({ code: 0 });
  // By GTID alone nobody would be told of what was written without.
  await turn('OFF_PERMISSIVE');
  await turn('ON_PERMISSIVE', 'ON');
  const refused = pipeline.launch();
  expect(await refused.ended).toMatchObject({ code: 69 });
  expect(refused.log.at(-1)?.err?.code).toBe('SOURCE_MISCONFIGURED');
  expect(refused.output).toContain('SET GLOBAL gtid_mode = ON_PERMISSIVE;');
  await turn('ON_PERMISSIVE');
  capture = await pipeline.start();
  await pipeline.arrived(capture, 'orders', `{"id":${id}}`);
  await turn('ON');
  await pipeline.arrived(capture, 'orders', `{"id":${id}}`);
  const ids = async (): Promise<string[]> =>
    (await readRows(pipeline.reader, pipeline.topic('orders'))).map(({ key }) => key);
  expect((await ids()).sort()).toEqual(
    Array.from({ length: id }, (_, index) => `{"id":${index + 1}}`).sort(),
  );
  expect(await capture.stop()).toMatchObject({ code: 0 });
});
