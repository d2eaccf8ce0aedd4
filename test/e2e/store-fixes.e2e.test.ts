import { startStack } from '@sluice/local-stack';
import { quoteTable } from '@sluice/mysql';
import type { ErrorCode } from '@sluice/runtime';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { FaultProxy } from '../harness/fault-proxy/fault-proxy.ts';
import { commandsOf, filledIn, fixOf, obey, type Placeholders } from '../harness/named-fixes.ts';
import { produceRecord } from '../harness/records/kafka-topics.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { page } from '../harness/processes/service-pages.ts';
import { SinkPipeline, type PipelineProcess, type SinkName } from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

/** What somebody has done to a store or a topic is mended by what docs/errors.md says, in its own words. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const IMPATIENT = { retry: { initialMs: 50, maxMs: 500 }, quickRetries: 0 };
/** Rows for every partition: none of them comes to the record that brings the column back. */
const EVERYWHERE = Array.from({ length: 30 }, (_, index) => `(${index + 3}, 'x')`).join(', ');
const TABLES = ['checked', 'lacking', 'garbled', 'taken'];

test('stores that differ from the source by somebody’s hand become equal by what the page says', async () => {
  const scope = testScope();
  const made = TABLES.map((table) => `CREATE TABLE ${table} (id INT NOT NULL PRIMARY KEY, v VARCHAR(40))`);
  const rows = TABLES.map((table) => `INSERT INTO ${table} VALUES (1, '1'), (2, '2')`);
  const pipeline = await SinkPipeline.withTables(scope, stack, 'mended', [...made, ...rows]);
  const { database, stores, name } = pipeline;
  // What a pipeline that is no more has left, with a number that is above all of ours.
  await stores.redis.set(`sluice:owner:${name}.taken:`, `gone.${name}.taken`);
  await stores.redis.set(`${name}.taken:2`, `{"_sequence":"${'9'.repeat(19)}","id":2,"v":"theirs"}`);
  const proxy = await redisProxy(scope);
  const [capture] = (await pipeline.start('capture')) as [PipelineProcess];
  const redisUrl = new URL(stack.redis.url);
  redisUrl.host = `${proxy.host}:${proxy.port}`;
  const redis = await pipeline.launch('sink-redis', { ...IMPATIENT, url: redisUrl.href });
  const mysql = await pipeline.launch('sink-mysql', IMPATIENT);
  const others = [await pipeline.launch('sink-elasticsearch', IMPATIENT)];
  for (const { process } of [redis, mysql, ...others]) await process.ready();

  const known = (table: string): Placeholders => ({ 'DATABASE.TABLE': `${name}.${table}` });
  const services = { capture, redis, mysql };
  await pausedBy(redis, 'REDIS_KEYS_TAKEN');
  const [, match = ''] = /`(\*[^`]+)`/u.exec(filledIn(fixOf('REDIS_KEYS_TAKEN'), known('taken'))) ?? [];
  for await (const keys of stores.redis.scanStream({ match, count: 2000 }))
    if ((keys as string[]).length > 0) await stores.redis.unlink(...(keys as string[]));
  await pipeline.converged();

  const copy = (of: string): string => quoteTable(stores.targetDatabase, of);
  await stores.target.query(`ALTER TABLE ${copy('checked')} ADD CONSTRAINT low CHECK (v < '5')`);
  await stores.target.query(`ALTER TABLE ${copy('lacking')} DROP COLUMN v`);
  await produceRecord(scope, stack.kafka.brokers, {
    topic: pipeline.topic('garbled'),
    key: '{"id":9}',
    value: '{"broken',
  });
  await database.run("INSERT INTO checked VALUES (3, '9')", `INSERT INTO lacking VALUES ${EVERYWHERE}`);
  await letterOf(mysql, 'mysql', 'MYSQL_CONSTRAINT');
  await pausedBy(mysql, 'MYSQL_COLUMN_UNKNOWN');
  proxy.impose({ isBlackhole: true });
  const saysSilent = async (): Promise<boolean> =>
    (await page(`${redis.opsUrl}/health`)).text.includes('SINK_SILENT');
  await eventually('Redis to be silent', saysSilent);
  proxy.clear();
  // First what is discarded: a replay of all would try it once more.
  for (const sink of ['redis', 'mysql'] as const) {
    const ID = await letterOf(services[sink], sink, 'RECORD_INVALID');
    await carryOut(
      'RECORD_INVALID',
      { ...services, sink: services[sink] },
      { ...known('garbled'), SINK: sink, ID },
    );
  }
  await stores.target.query(`ALTER TABLE ${copy('checked')} DROP CHECK low`);
  const ofMysql = { ...known('checked'), SINK: 'mysql' };
  await carryOut('MYSQL_CONSTRAINT', { ...services, sink: mysql }, ofMysql);
  await carryOut('MYSQL_COLUMN_UNKNOWN', { ...services, sink: mysql }, known('lacking'));
  await pipeline.converged();
  for (const sink of ['redis', 'mysql'] as const) expect(await lettersOf(services[sink], sink)).toEqual([]);
  await eventually('Redis to be heard', async () => !(await saysSilent()));
});

async function redisProxy(scope: Scope): Promise<FaultProxy> {
  const { hostname: host, port } = new URL(stack.redis.url);
  const proxy = await FaultProxy.start({ host, port: Number(port) });
  scope.defer(() => proxy.close());
  return proxy;
}

/** The commands of the page that begin with our name, each with the file of the service that it asks. */
async function carryOut(
  code: ErrorCode,
  { capture, sink }: Readonly<Record<'capture' | 'sink', PipelineProcess>>,
  placeholders: Placeholders,
): Promise<void> {
  const commands = commandsOf(fixOf(code));
  expect(commands).not.toEqual([]);
  for (const command of commands)
    await obey((command.startsWith('sluice snapshot ') ? capture : sink).configFile, command, placeholders);
}

interface Letter {
  readonly id: string;
  readonly errorCode: ErrorCode;
}

async function lettersOf({ configFile }: PipelineProcess, sink: SinkName): Promise<readonly Letter[]> {
  const { document } = await sluice(configFile, `dlq list --sink ${sink}`);
  return (document as { letters: readonly Letter[] }).letters;
}

/** The id of the sink's dead letter of this error, as soon as there is one. */
async function letterOf(service: PipelineProcess, sink: SinkName, code: ErrorCode): Promise<string> {
  const look = async (): Promise<string | undefined> =>
    (await lettersOf(service, sink)).find(({ errorCode }) => errorCode === code)?.id;
  return eventually(`a dead letter ${code} of ${sink}`, look, { everyMs: 500 });
}

async function pausedBy({ name, process }: PipelineProcess, code: string): Promise<void> {
  await eventually(`${name} to wait for ${code}`, async () => {
    const { paused } = (await process.status()) as { paused: readonly { detail: string }[] };
    return paused.some(({ detail }) => detail.startsWith(code));
  });
}
