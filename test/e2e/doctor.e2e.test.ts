import { readFile, writeFile } from 'node:fs/promises';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

interface Finding {
  readonly area: string;
  readonly result: 'ok' | 'note' | 'problem' | 'unknown';
  readonly found: string;
  readonly fix: string | null;
}

async function findingsOf(file: string, code: number): Promise<readonly Finding[]> {
  const end = await sluice(file, 'doctor');
  if (end.document === null) throw new Error(end.said);
  const { findings } = end.document as { readonly findings: readonly Finding[] };
  expect([end.code, findings.filter(({ result }) => result !== 'ok' && result !== 'note')]).toEqual([
    code,
    code === 0 ? [] : expect.anything(),
  ]);
  return findings;
}

test('doctor finds nothing wrong with a pipeline that is well, and says what is wrong with its fix', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'doctor', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY)',
  ]);
  const [capture, sink] = await pipeline.start('capture', 'sink-redis');
  const config = JSON.parse(await readFile(capture?.configFile ?? '', 'utf8')) as {
    readonly sinks: Readonly<Record<'redis' | 'mysql' | 'elasticsearch', object>>;
  };
  const portOf = (url = ''): number => Number(new URL(url).port);
  const file = await written('well', {
    capture: { ops: { port: portOf(capture?.opsUrl) } },
    sinks: { redis: { ...config.sinks.redis, ops: { port: portOf(sink?.opsUrl) } } },
  });
  const well = await eventually('a doctor that finds nothing', async () => findingsOf(file, 0));
  expect(new Set(well.map(({ area }) => area))).toEqual(
    new Set(['source', 'capture', 'kafka', 'sink-redis', 'services']),
  );
  expect(well.find(({ area }) => area === 'kafka')?.found).toMatch(/^clock 0\.\d\d s from capture/u);

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

  async function written(stem: string, sections: object): Promise<string> {
    const copy = `${capture?.configFile ?? ''}.${stem}.yaml`;
    await writeFile(copy, JSON.stringify({ ...config, ...sections }));
    return copy;
  }
});
