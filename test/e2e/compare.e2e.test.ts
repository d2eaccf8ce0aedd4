import { compareReportSchema, type CompareReport } from '@sluice/compare';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/sink-pipeline.ts';
import { sluice } from '../harness/sluice-command.ts';
import { SteadyWriter } from '../harness/steady-writer.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const COLUMNS = `id BIGINT NOT NULL PRIMARY KEY, version INT, big BIGINT, amount DECIMAL(20,4), doc JSON,
  note VARCHAR(40), at DATETIME(3), seen TIMESTAMP(3) NULL, secret VARCHAR(40), cut VARCHAR(40)`;
/** Rows that nobody changes: before and behind those of the writer, in two pages. */
const RESTING = [-700, 1_000_000] as const;
const RESTING_ROWS = 700;
const SECRET = 'a secret that no report may show';

/** Planted in every store: what a column is made there. */
const CHANGED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  [-700]: { big: '9223372036854775806' },
  [-600]: { amount: '1.5001' },
  [-2]: { doc: { n: 10.11 } },
  [1_000_000]: { note: 'plain ' },
  [1_000_500]: { at: '2026-03-01T13:00:00.000' },
  [1_000_600]: { seen: '2026-03-01T13:00:00.000Z' },
  [1_000_699]: { note: 'the last' },
};
const MISSING = [-699, -1, 1_000_698];
const EXTRA = [-9000, 2_000_000];

test('planted differences are found while changes go on, and no others', { timeout: 240_000 }, async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'compare', [
    `CREATE TABLE items (${COLUMNS})`,
    'CREATE TABLE busy (id INT NOT NULL PRIMARY KEY, version INT)',
    ...RESTING.map(restingRows),
  ]);
  const hidden = { mask: '***' };
  pipeline.configure({ tables: { '*.items': { columns: { secret: hidden, cut: { exclude: true } } } } });
  const [, redis] = await pipeline.start('capture', ...SINK_SERVICES);
  const { configFile } = redis ?? { configFile: '' };
  const writer = new SteadyWriter(pipeline.database, ['items', 'busy']);
  scope.defer(() => writer.stop().catch(() => undefined));
  await eventually('the last resting row in every store', () => hasRow(pipeline, 1_000_699), {
    timeoutMs: 60_000,
  });

  const equal = await compare('compare');
  expect(equal.said).toContain('equal: ');
  expect([equal.code, equal.report.result, equal.report.notSettled]).toEqual([0, 'equal', []]);
  const [busy, items] = equal.report.tables;
  expect(items?.remarks).toEqual([
    'column secret is not compared: masked as "***"',
    'column cut is not compared: left out',
  ]);
  expect(busy?.sinks['redis']?.compared).toBeGreaterThan(0);
  expect(items?.sinks['mysql']?.compared).toBeGreaterThan(2 * RESTING_ROWS);

  for (const [id, columns] of Object.entries(CHANGED)) await change(pipeline, Number(id), columns);
  for (const id of MISSING) await remove(pipeline, id);
  for (const id of EXTRA) await add(pipeline, id);
  const written = writer.written;
  const found = await compare(`compare ${pipeline.name}.items`);
  expect(writer.written).toBeGreaterThan(written);
  expect([found.code, found.report.result, found.report.notSettled]).toEqual([3, 'different', []]);
  for (const sink of SINK_NAMES) expect([sink, outlineOf(found.report, sink)]).toEqual([sink, planted()]);
  expect(JSON.stringify(found.report)).not.toContain(SECRET);
  const some = await compare(
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
  const stopped = await compare(`compare ${pipeline.name}.busy --sink redis`);
  const counts = stopped.report.tables[0]?.sinks['redis'];
  expect([stopped.code, stopped.report.result]).toEqual([1, 'not done']);
  expect(counts).toMatchObject({ different: 0, missing: 0, extra: 0 });
  expect(counts?.notSettled).toBeGreaterThan(0);
  expect(stopped.said).toContain('no process of sink redis runs');
  await writer.stop();

  async function compare(line: string, ...more: string[]) {
    const end = await sluice(configFile, line, ...more);
    if (end.document === null) throw new Error(end.said);
    return { ...end, report: compareReportSchema.parse(end.document) };
  }
});

function restingRows(first: number): string {
  const rows = Array.from(
    { length: RESTING_ROWS },
    (_, index) =>
      `(${first + index}, 1, 9223372036854775807, 1.5, '{"n": 10.10}', 'plain', '2026-03-01 12:00:00', '2026-03-01 12:00:00', '${SECRET}', 'x')`,
  );
  return `INSERT INTO items VALUES ${rows.join(', ')}`;
}

type Outline = readonly (readonly [kind: string, id: string, column: string | undefined])[];

function outlineOf({ differences }: CompareReport, sink: string): Outline {
  const own = differences.filter((difference) => difference.sink === sink);
  return own
    .map(({ kind, key, columns }) => [kind, key?.['id'] ?? '', columns[0]?.column] as const)
    .sort(byText);
}

function planted(): Outline {
  const changed = Object.entries(CHANGED).map(
    ([id, columns]) => ['different', id, Object.keys(columns)[0]] as const,
  );
  const missing = MISSING.map((id) => ['missing', String(id), undefined] as const);
  const extra = EXTRA.map((id) => ['extra', String(id), undefined] as const);
  return [...changed, ...missing, ...extra].sort(byText);
}

const byText = (one: readonly unknown[], other: readonly unknown[]): number =>
  JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;

const redisKey = ({ name }: SinkPipeline, id: number): string => `${name}.items:${id}`;
const documentOf = ({ stores }: SinkPipeline, id: number) => ({
  index: stores.index('items'),
  id: `{"id":${id}}`,
});

async function hasRow(pipeline: SinkPipeline, id: number): Promise<boolean> {
  const { redis, elasticsearch, target, targetDatabase } = pipeline.stores;
  if ((await redis.exists(redisKey(pipeline, id))) === 0) return false;
  if (!(await elasticsearch.exists(documentOf(pipeline, id)))) return false;
  const sql = `SELECT id FROM ${targetDatabase}.items WHERE id = ${id}`;
  const [rows] = await target.query(sql).catch(() => [[]] as const);
  return (rows as readonly unknown[]).length > 0;
}

async function change(
  pipeline: SinkPipeline,
  id: number,
  columns: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { redis, elasticsearch, target, targetDatabase } = pipeline.stores;
  const before = (await redis.get(redisKey(pipeline, id))) ?? '';
  await redis.set(redisKey(pipeline, id), JSON.stringify({ ...(JSON.parse(before) as object), ...columns }));
  await elasticsearch.update({ ...documentOf(pipeline, id), doc: columns });
  for (const [name, value] of Object.entries(columns)) {
    const text = typeof value === 'string' ? value.replace('T', ' ').replace('Z', '') : JSON.stringify(value);
    await target.query(`UPDATE ${targetDatabase}.items SET ${name} = ? WHERE id = ?`, [text, id]);
  }
}

async function remove(pipeline: SinkPipeline, id: number): Promise<void> {
  const { redis, elasticsearch, target, targetDatabase } = pipeline.stores;
  await redis.del(redisKey(pipeline, id));
  await elasticsearch.delete(documentOf(pipeline, id));
  await target.query(`DELETE FROM ${targetDatabase}.items WHERE id = ?`, [id]);
}

/** A copy of a resting row under a key that the source has not. */
async function add(pipeline: SinkPipeline, id: number): Promise<void> {
  const { redis, elasticsearch, target, targetDatabase } = pipeline.stores;
  const row = JSON.parse((await redis.get(redisKey(pipeline, -7))) ?? '{}') as object;
  await redis.set(redisKey(pipeline, id), JSON.stringify({ ...row, id }));
  await elasticsearch.index({ ...documentOf(pipeline, id), document: { id, version: 1 } });
  await target.query(`INSERT INTO ${targetDatabase}.items (id, version) VALUES (?, 1)`, [id]);
}
