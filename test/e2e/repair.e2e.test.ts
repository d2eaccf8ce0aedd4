import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compareReportSchema } from '@sluice/compare';
import { auditTopic } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import {
  ITEMS_COLUMNS,
  outlineOf,
  plant,
  planted,
  redisKey,
  RESTING,
  restingRows,
  SECRET,
} from '../harness/workloads/planted-differences.ts';
import { testScope } from '../harness/scope.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';
import { sluice, type CommandEnd } from '../harness/processes/sluice-command.ts';
import { SteadyWriter } from '../harness/workloads/steady-writer.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

/** What a row begins with in Redis. */
const SEQUENCE_LENGTH = '{"_sequence":"0010000010000000004"'.length;

interface Repaired {
  readonly results: readonly {
    readonly sink: string;
    readonly fates: readonly { readonly kind: string; readonly fate: string }[];
  }[];
}

test('what compare has found is repaired while changes go on, and undone', { timeout: 240_000 }, async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'repair', [
    `CREATE TABLE items (${ITEMS_COLUMNS})`,
    ...RESTING.map(restingRows),
  ]);
  const hidden = { mask: '***' };
  pipeline.configure({ tables: { '*.items': { columns: { secret: hidden, cut: { exclude: true } } } } });
  const [, redis] = await pipeline.start('capture', ...SINK_SERVICES);
  const { configFile } = redis ?? { configFile: '' };
  // Masked columns are other than the source's: that no row is missing is all that can be waited for.
  await eventually(
    'every resting row in every store',
    async () => {
      const { sinks } = await pipeline.compare(['items']);
      return Object.values(sinks).every(({ missing }) => missing === 0);
    },
    { timeoutMs: 60_000 },
  );
  const writer = new SteadyWriter(pipeline.database, ['items']);
  scope.defer(() => writer.stop().catch(() => undefined));
  const file = (name: string): string => join(dirname(configFile), name);
  await plant(pipeline);
  const found = await compare(file('report.json'));
  expect(found.code).toBe(3);

  const dry = await repair('--report', file('report.json'));
  expect([dry.code, summary(dry)]).toEqual([0, all('open')]);
  expect(dry.said).toContain('dry run: would repair 36 rows');
  expect(await pipeline.stores.redis.get(redisKey(pipeline, -9000))).not.toBe(null);

  const before = await pipeline.stores.redis.get(redisKey(pipeline, -700));
  const args = ['--apply', '--undo', file('canary.ndjson'), '--stage', 'canary=redis', '--next', 'mysql'];
  const gated = await repair('--report', file('report.json'), ...args, '--gate', 'exit 5');
  const { redis: canary, mysql } = summary(gated);
  expect([gated.code, canary, mysql]).toEqual([1, all('equal')['redis'], { 'unknown open': 12 }]);
  expect(gated.said).toContain(
    'the gate ended with 5: sink redis is put back as it was\n12 rows restored, 0 not',
  );
  const after = await pipeline.stores.redis.get(redisKey(pipeline, -700));
  expect(after?.slice(SEQUENCE_LENGTH)).toBe(before?.slice(SEQUENCE_LENGTH));

  const written = writer.written;
  const done = await repair('--report', file('report.json'), '--apply', '--undo', file('undo.ndjson'));
  expect([done.code, summary(done), done.said]).toEqual([
    0,
    all('equal'),
    expect.stringContaining('36 rows equal, 0 still different, 0 not repaired') as string,
  ]);
  expect(writer.written).toBeGreaterThan(written);
  const equal = await compare(file('equal.json'));
  expect([equal.code, equal.report.differences, equal.report.notSettled]).toEqual([0, [], []]);

  const taken = await repair('--report', file('report.json'), '--apply', '--undo', file('undo.ndjson'));
  expect([taken.code, taken.said]).toEqual([1, expect.stringContaining('is there already') as string]);
  const undone = await repair('--undo-from', file('undo.ndjson'), '--apply');
  expect([undone.code, undone.said]).toEqual([0, expect.stringContaining('36 rows restored') as string]);
  const back = await compare(file('back.json'));
  expect([back.code, back.report.result, back.report.notSettled]).toEqual([3, 'different', []]);
  for (const sink of SINK_NAMES) expect([sink, outlineOf(back.report, sink)]).toEqual([sink, planted()]);
  expect(await readFile(file('undo.ndjson'), 'utf8')).not.toContain(SECRET);

  const other = { ...found.report, pipeline: 'another' };
  await writeFile(file('other.json'), JSON.stringify(other));
  const refused = await repair('--report', file('other.json'));
  expect([refused.code, refused.said]).toEqual([
    1,
    expect.stringContaining('is about pipeline another') as string,
  ]);
  const orders: (readonly unknown[])[] = [];
  await pipeline.reader.readTopic(auditTopic(pipeline.database.name), {}, ({ value }) => {
    const { payload } = JSON.parse(String(value)) as { readonly payload: Record<string, unknown> };
    orders.push([payload['service'], payload['route'], payload['result']]);
  });
  expect(orders).toEqual([
    ['command', 'repair', 'done'],
    ['command', 'repair undo', 'done'],
    ['command', 'repair', 'done'],
    ['command', 'repair undo', 'done'],
  ]);
  await writer.stop();
  // The source commits nothing any more, so each repair has the sequence that what was put back has.
  for (const name of ['first', 'second']) {
    const again = await repair('--report', file('report.json'), '--apply', '--undo', file(name));
    expect([name, again.code, again.said]).toEqual([
      name,
      0,
      expect.stringContaining('36 rows equal, 0 still different, 0 not repaired'),
    ]);
    const put = await repair('--undo-from', file(name), '--apply');
    expect([name, put.code, put.said]).toEqual([name, 0, expect.stringContaining('36 rows restored')]);
  }

  async function compare(output: string) {
    const end = await sluice(configFile, `compare --output-file ${output}`);
    if (end.document === null) throw new Error(end.said);
    return { ...end, report: compareReportSchema.parse(end.document) };
  }
  function repair(...args: string[]) {
    return sluice(configFile, 'repair', ...args);
  }
});

test('a report about a source at rest is taken, one about columns of before is not', async () => {
  const scope = testScope();
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const pipeline = await SinkPipeline.withTables(scope, stack, 'rest', [
    ...names.map((name) => `CREATE TABLE ${name} (id INT PRIMARY KEY, v INT)`),
    ...names.map((name) => `INSERT INTO ${name} VALUES (1, 1)`),
  ]);
  const [, redis] = await pipeline.start('capture', 'sink-redis');
  const { configFile } = redis ?? { configFile: '' };
  // Nothing has been written since: all schema records have sequences behind the end of the binlog.
  const keys = names.map((name) => `${pipeline.database.name}.${name}:1`);
  await eventually(
    'a row of each table in Redis',
    async () => (await pipeline.stores.redis.exists(...keys)) === keys.length,
    { timeoutMs: 60_000 },
  );
  await pipeline.stores.redis.del(...keys);
  const file = join(dirname(configFile), 'rest.json');
  const found = await sluice(configFile, `compare --sink redis --output-file ${file}`);
  expect(found.code).toBe(3);

  const dry = await sluice(configFile, 'repair', '--report', file);
  const { results } = dry.document as Repaired;
  expect([dry.code, results.map(({ fates }) => fates.map(({ kind, fate }) => `${kind} ${fate}`))]).toEqual([
    0,
    names.map(() => ['missing open']),
  ]);

  await pipeline.database.run('ALTER TABLE f ADD w INT');
  await eventually(
    'a repair that is refused',
    async () => {
      const { code, said } = await sluice(configFile, 'repair', '--report', file);
      const id = `${pipeline.database.name}.f`;
      return code === 1 && said.includes(`the columns or the key of ${id} have changed since: compare again`);
    },
    { timeoutMs: 60_000 },
  );
});

test('a row of MySQL whose unique value a repaired one gets is repaired with it, and undone with it', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'unique', [
    'CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(20))',
    "INSERT INTO people VALUES (1, 'a'), (2, 'b'), (3, 'c')",
  ]);
  const [, sink] = await pipeline.start('capture', 'sink-mysql');
  const { configFile } = sink ?? { configFile: '' };
  const { target, targetDatabase } = pipeline.stores;
  const table = `${targetDatabase}.people`;
  const emails = async (): Promise<string[]> => {
    const [rows] = await target.query(`SELECT id, email FROM ${table} ORDER BY id`);
    return (rows as { id: number; email: string }[]).map(({ id, email }) => `${id} ${email}`);
  };
  await eventually('three rows in MySQL', async () => (await emails().catch(() => [])).length === 3, {
    timeoutMs: 60_000,
  });
  await target.query(`ALTER TABLE ${table} ADD UNIQUE KEY other (email)`);
  for (const [id, email] of [
    [1, 'x'],
    [2, 'a'],
    [1, 'b'],
  ])
    await target.query(`UPDATE ${table} SET email = ? WHERE id = ?`, [email, id]);
  const file = (name: string): string => join(dirname(configFile), name);
  const found = await sluice(configFile, `compare --sink mysql --output-file ${file('exchanged.json')}`);
  expect(found.code).toBe(3);

  const order = `repair --limit 1 --report ${file('exchanged.json')} --apply --undo ${file('exchanged.ndjson')}`;
  const done = await sluice(configFile, order);
  expect([done.code, summary(done), done.said]).toEqual([
    0,
    { mysql: { 'changed equal': 2 } },
    expect.stringMatching(/1 row more, such as \["[12]"\], held a value of a unique index/) as string,
  ]);
  expect(await emails()).toEqual(['1 a', '2 b', '3 c']);
  const undone = await sluice(configFile, `repair --undo-from ${file('exchanged.ndjson')} --apply`);
  expect([undone.code, undone.said]).toEqual([
    0,
    expect.stringContaining('2 rows restored, 0 not') as string,
  ]);
  expect(await emails()).toEqual(['1 b', '2 a', '3 c']);
});

/** By sink: how many rows were of which kind, and what became of them. */
function summary({ document, said }: CommandEnd): Readonly<Record<string, Readonly<Record<string, number>>>> {
  if (document === null) throw new Error(said);
  const { results } = document as Repaired;
  const count = (fates: Repaired['results'][number]['fates']): Record<string, number> => {
    const groups = Map.groupBy(fates, ({ kind, fate }) => `${kind} ${fate}`);
    return Object.fromEntries([...groups].map(([name, some]) => [name, some.length]));
  };
  return Object.fromEntries(results.map(({ sink, fates }) => [sink, count(fates)]));
}

function all(fate: string): ReturnType<typeof summary> {
  const counts = { [`changed ${fate}`]: 7, [`missing ${fate}`]: 3, [`extra ${fate}`]: 2 };
  return Object.fromEntries(SINK_NAMES.map((sink) => [sink, counts]));
}
