import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { freePorts, startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SinkPipeline, type PipelineProcess, type ServiceName } from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { sluiceInTerminal } from '../harness/processes/terminal-command.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

interface Line {
  readonly service: ServiceName;
  readonly instance: string | null;
  readonly answers: string;
  readonly url: string;
  readonly well: boolean;
  readonly ready: boolean;
  readonly status: {
    readonly behindSeconds?: number;
    readonly lag?: { readonly records: number | null };
    readonly records?: { readonly openDeadLetters: number };
  } | null;
  readonly stranger: string | null;
  readonly kafka: { readonly records: number; readonly deadLetters: number } | null;
}

const ROWS = 20;
/** Half of what the services’ own tries take. */
const AWAY_MS = 25_000;

test('sluice status tells running and stopped services, dead letters and strangers, with no secret but Kafka’s', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'status', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY)',
  ]);
  const processes = await pipeline.start('capture', 'sink-redis', 'sink-mysql');
  const [capture, redis, mysql] = processes as [PipelineProcess, PipelineProcess, PipelineProcess];
  const file = await fileOfAll(processes);
  const values = Array.from({ length: ROWS }, (_, id) => `(${id})`).join(', ');
  await pipeline.database.run(`INSERT INTO items VALUES ${values}`);
  const caughtUp = await eventually('capture and both sinks to have caught up', async () => {
    const lines = await linesOf(file);
    // A sink is level with its topics before capture has published the rows, too.
    const isPublished = (lines.get('sink-elasticsearch')?.kafka?.records ?? 0) >= ROWS;
    const isLevel = (name: ServiceName): boolean => lines.get(name)?.status?.lag?.records === 0;
    const isCaptured = isPublished && lines.get('capture')?.status?.behindSeconds === 0;
    return isCaptured && isLevel('sink-redis') && isLevel('sink-mysql') && lines;
  });
  expect(caughtUp.get('capture')?.well).toBe(true);
  expect(caughtUp.get('sink-redis')?.well).toBe(true);
  // It has never run: all that is there is before it.
  const never = caughtUp.get('sink-elasticsearch');
  expect(never).toMatchObject({ well: false, ready: false, status: null, kafka: { deadLetters: 0 } });

  await expectLiveView(pipeline.name, file);
  for (const service of ['capture', 'sink-redis']) await expectHeap(file, service);
  await mysql.process.stop();
  expect((await linesOf(file)).get('sink-mysql')).toMatchObject({
    answers: 'stopped',
    well: false,
    kafka: { records: 0, deadLetters: 0, members: 0 },
  });
  await pipeline.stores.redis.lpush(`${pipeline.name}.items:777`, 'not ours');
  await pipeline.database.run('INSERT INTO items VALUES (777)');
  await redis.process.logged('dlq.written');
  const line = redis.process.log.find(({ event }) => event === 'dlq.written');
  expect(line).toMatchObject({ level: 'warn', table: `${pipeline.name}.items`, code: 'REDIS_WRONG_TYPE' });
  const behind = await eventually('the open dead letter', async () => {
    const lines = await linesOf(file);
    return lines.get('sink-redis')?.status?.records?.openDeadLetters === 1 && lines;
  });
  expect(behind.get('sink-redis')).toMatchObject({ well: false, ready: true });
  // The row and its transaction's end.
  expect(behind.get('sink-mysql')?.kafka?.records).toBe(2);
  await redis.process.stop();
  expect((await linesOf(file)).get('sink-redis')).toMatchObject({ kafka: { records: 0, deadLetters: 1 } });

  const other = await copyWith(file, { pipeline: 'another' });
  expect((await linesOf(other)).get('capture')).toMatchObject({
    answers: 'stranger',
    status: null,
    stranger: `capture of pipeline ${pipeline.name}`,
  });
  await expectNoOrderObeyed(
    pipeline.name,
    await copyWith(capture.configFile, { pipeline: 'another', ...opsOf(capture) }),
  );
  // The first reading of the table is the only job there is.
  const { document } = await sluice(file, 'snapshot list');
  expect(document).toMatchObject({ jobs: [{ origin: 'initial', state: 'done' }] });
});

/** Orders of pipeline `another`, at whose address the capture of this one answers: each is refused there, and changes nothing. */
async function expectNoOrderObeyed(pipeline: string, file: string): Promise<void> {
  for (const order of [
    'snapshot start --table *.items',
    'snapshot pause --id 1',
    'snapshot resume --id 1',
    'snapshot cancel --id 1',
    'snapshot throttle --id 1 --rows-per-second 1',
    'table resume --table shop.items',
    'ddl clear',
    'heap capture',
    'capture handover',
    'source switchover --to 127.0.0.1:1',
    'snapshot list',
  ]) {
    const { code, said, document } = await sluice(
      file,
      `${order}${order.startsWith('heap') ? ` --output-file ${file}.heap` : ''}`,
    );
    expect([order, code]).toEqual([order, 1]);
    expect(`${said} ${JSON.stringify(document)}`).toMatch(
      new RegExp(
        `http://127\\.0\\.0\\.1:\\d+: here answers capture of pipeline ${pipeline} \\(process \\S+\\), and capture of pipeline another is meant`,
        'u',
      ),
    );
  }
  await expect(stat(`${file}.heap`)).rejects.toThrow('ENOENT');
}

const opsOf = ({ opsUrl }: PipelineProcess) => ({ capture: { ops: { port: Number(new URL(opsUrl).port) } } });

test('every process of a scaled sink is found, a killed one is said, and so is what answers instead of a service', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'processes', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY)',
  ]);
  const [capture, first, second] = (await pipeline.start('capture', 'sink-redis', 'sink-redis')) as [
    PipelineProcess,
    PipelineProcess,
    PipelineProcess,
  ];
  const { web, url: webUrl } = await webServer();
  const file = await fileOfAll([capture, first]);
  const both = () =>
    eventually('both processes in the group', async () => {
      const lines = (await allLinesOf(file)).filter(({ service }) => service === 'sink-redis');
      return lines.length === 2 && lines.every(({ well }) => well) && lines;
    });
  const redis = await both();
  expect(new Set(redis.map(({ url }) => url))).toEqual(new Set([first.opsUrl, second.opsUrl]));
  const instances = new Map(redis.map(({ url, instance }) => [url, instance ?? '']));
  expect(new Set(instances.values()).size).toBe(2);
  // By name the process at an address that the file does not have.
  await expectHeapOf(file, instances.get(second.opsUrl) ?? '');
  const gone = await sluice(file, `heap sink-redis --process gone --output-file ${file}.gone`);
  expect([gone.code, gone.said]).toEqual([1, expect.stringContaining('sink-redis has no process gone: ')]);
  // It stood still meanwhile, and may have left the group for it.
  await both();

  await second.process.kill();
  const killed = (await allLinesOf(file)).filter(({ service }) => service === 'sink-redis');
  expect(killed).toMatchObject([
    { url: first.opsUrl, answers: 'yes' },
    { url: second.opsUrl, answers: 'silent', ready: false, well: false, kafka: { members: 2 } },
  ]);

  // A web server on the port of capture; capture on the port of the sink.
  const ops = { port: Number(new URL(webUrl).port) };
  const config = JSON.parse(await readFile(file, 'utf8')) as { readonly sinks: Record<string, object> };
  const sinks = { ...config.sinks, redis: { ...config.sinks['redis'], ops: { url: capture.opsUrl } } };
  const wrong = await copyWith(file, { capture: { ops }, sinks });
  const [web404, stranger] = await allLinesOf(wrong);
  web.close();
  expect(web404).toMatchObject({ service: 'capture', answers: 'foreign', status: null, well: false });
  expect(stranger).toMatchObject({ answers: 'stranger', stranger: 'capture of this pipeline', well: false });
});

async function webServer(): Promise<{ readonly web: Server; readonly url: string }> {
  const web = createServer((_, response) => response.writeHead(404).end('<h1>Not Found</h1>'));
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  return { web, url: `http://127.0.0.1:${(web.address() as AddressInfo).port}` };
}

async function linesOf(file: string): Promise<ReadonlyMap<ServiceName, Line>> {
  return new Map((await allLinesOf(file)).map((line) => [line.service, line]));
}

async function allLinesOf(file: string): Promise<readonly Line[]> {
  const { code, document, said } = await sluice(file, 'status');
  if (document === null) throw new Error(said);
  const { services } = document as { services: readonly Line[] };
  expect(code).toBe(services.every(({ well }) => well) ? 0 : 1);
  return services;
}

test('sluice status says within seconds that Kafka does not answer', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'away', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY)',
  ]);
  const [capture] = (await pipeline.start('capture')) as [PipelineProcess];
  const [nobody = 0] = await freePorts(1);
  const file = await copyWith(await fileOfAll([capture]), { kafka: { brokers: [`127.0.0.1:${nobody}`] } });
  const before = performance.now();
  const { code, said } = await sluice(file, 'status');
  expect(code).toBe(1);
  expect(said).toContain('sink-redis: lag unknown: Kafka does not answer');
  expect(said).toContain(
    'sink-redis: whether other processes of it run is not known, Kafka does not tell: KAFKA_UNREACHABLE',
  );
  expect(performance.now() - before).toBeLessThan(AWAY_MS);
});

/** One sluice.yaml with the ports of all processes, and secrets that this shell does not have. */
async function fileOfAll(processes: readonly PipelineProcess[]): Promise<string> {
  const [first] = processes as [PipelineProcess];
  const config = JSON.parse(await readFile(first.configFile, 'utf8')) as Config;
  const port = (name: ServiceName): number | undefined => {
    const url = processes.find((each) => each.name === name)?.opsUrl;
    return url === undefined ? undefined : Number(new URL(url).port);
  };
  const [unused = 0] = await freePorts(1);
  const sinks = Object.entries(config.sinks).map(([sink, section]) => {
    const ops = { port: port(`sink-${sink}` as ServiceName) ?? unused };
    return [sink, { ...section, ops, password: '${NOBODY_HAS_SET_IT}' }];
  });
  const source = { ...config.source, password: '${NOBODY_HAS_SET_IT_EITHER}' };
  const capture = { ops: { port: port('capture') } };
  return copyWith(first.configFile, { source, capture, sinks: Object.fromEntries(sinks) as unknown });
}

interface Config {
  readonly source: object;
  readonly sinks: Readonly<Record<string, object>>;
}

async function copyWith(file: string, sections: object): Promise<string> {
  const config = JSON.parse(await readFile(file, 'utf8')) as object;
  const copy = `${file}.${Object.keys(sections).join('-')}.yaml`;
  await writeFile(copy, JSON.stringify({ ...config, ...sections }));
  return copy;
}

/** `sluice top` on a terminal of 60 columns, ended by each of its keys, which leaves the terminal as it was. */
async function expectLiveView(name: string, file: string): Promise<void> {
  for (const key of ['q', '\u0003']) {
    const { code, text, isRestored } = await sluiceInTerminal(file, 'top', /q or Ctrl-C/u, key);
    expect([code, isRestored]).toEqual([0, true]);
    const lines = stripVTControlCharacters(text).split(/\r?\n/u);
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^Sluice: ${name} `, 'u')));
    expect(lines).toContainEqual(expect.stringMatching(/^capture +streaming .* \d+ ms/u));
    expect(lines).toContainEqual(expect.stringMatching(/^sink-redis +running /u));
    expect(lines).toContainEqual(expect.stringMatching(/^sink-elasticsearch +stopped /u));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60);
    expect(text).toContain('\u001B[?25h');
  }
}

/** The snapshot of a running service, in a file that nobody else may read; it works on. */
async function expectHeap(file: string, service: string): Promise<void> {
  const target = `${file}.${service}.heapsnapshot`;
  const { code, document, said } = await sluice(file, `heap ${service} --output-file ${target}`);
  expect([code, said]).toEqual([0, expect.stringContaining('It holds rows and secrets')]);
  const { size, mode } = await stat(target);
  expect(document).toEqual({ service, file: target, bytes: size });
  expect(mode & 0o777).toBe(0o600);
  const { snapshot } = JSON.parse(await readFile(target, 'utf8')) as { snapshot: { node_count: number } };
  expect(snapshot.node_count).toBeGreaterThan(10_000);
  expect((await linesOf(file)).get(service as ServiceName)?.ready).toBe(true);
}

/** Of one of two processes, which `--process` names; the other is refused its name. */
async function expectHeapOf(file: string, instance: string): Promise<void> {
  const target = `${file}.named.heapsnapshot`;
  const taken = await sluice(file, `heap sink-redis --process ${instance} --output-file ${target}`);
  expect([taken.code, taken.said]).toEqual([0, expect.stringContaining(target)]);
  const ops = (await allLinesOf(file)).find(
    (line) => line.instance !== instance && line.service === 'sink-redis',
  );
  const wrong = await sluice(
    file,
    `heap sink-redis --process ${instance} --url ${ops?.url} --output-file ${target}.no`,
  );
  expect([wrong.code, wrong.said]).toEqual([1, expect.stringContaining(`(process ${instance}) is meant`)]);
}
