import type { CompareReport } from '@sluice/compare';
import type { SinkPipeline } from '../pipelines/sink-pipeline.ts';

/** Of a table `items`, with columns that may not be shown. */
export const ITEMS_COLUMNS = `id BIGINT NOT NULL PRIMARY KEY, version INT, big BIGINT, amount DECIMAL(20,4), doc JSON,
  note VARCHAR(40), at DATETIME(3), seen TIMESTAMP(3) NULL, secret VARCHAR(40), cut VARCHAR(40)`;
/** Rows of one place, one key after the other. */
export const RESTING_ROWS = 700;
export const SECRET = 'a secret that no report may show';

/** Where rows lie that nobody changes, and what is planted among them. */
export interface Layout {
  /** First keys of the places. */
  readonly resting: readonly number[];
  /** By key: what a column is made in every store. */
  readonly changed: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly missing: readonly number[];
  readonly extra: readonly number[];
}

function layout(first: number, middle: number, last: number): Layout {
  const changed = {
    [first]: { big: '9223372036854775806' },
    [first + 100]: { amount: '1.5001' },
    [first + 698]: { doc: { n: 10.11 } },
    [middle]: { note: 'plain ' },
    [middle + 500]: { at: '2026-03-01T13:00:00.000' },
    [last + 600]: { seen: '2026-03-01T13:00:00.000Z' },
    [last + 699]: { note: 'the last' },
  };
  const between = middle === last ? [] : [middle + 1];
  const missing = [first + 1, first + 699, ...between, last + 698];
  return { resting: [...new Set([first, middle, last])], changed, missing, extra: [-9000, 2 * last] };
}

/** Before and behind the rows of the writer, in two pages. */
const FEW = layout(-700, 1_000_000, 1_000_000);
export const RESTING = FEW.resting;
/** Before, among and behind a million more: `manyRows`. */
export const MANY = layout(-700, 1_500_000, 3_000_000);
const [, MIDDLE_OF_MANY = 0] = MANY.resting;
const FIRST_OF_MANY = 1_000_000;
const INSERTED_AT_ONCE = 50_000;

/** Of the values that resting rows have behind their key. */
const RESTING_VALUES = `1, 9223372036854775807, 1.5, '{"n": 10.10}', 'plain', '2026-03-01 12:00:00', '2026-03-01 12:00:00', '${SECRET}', 'x'`;

/** The statement that inserts them, from this key on. */
export function restingRows(first: number): string {
  const rows = Array.from({ length: RESTING_ROWS }, (_, index) => `(${first + index}, ${RESTING_VALUES})`);
  return `INSERT INTO items VALUES ${rows.join(', ')}`;
}

/** Statements that insert so many more: a million at most. */
export function manyRows(rows: number): string[] {
  const statements: string[] = [];
  for (let done = 0; done < rows; done += INSERTED_AT_ONCE) {
    const key = FIRST_OF_MANY + done;
    const from = key < MIDDLE_OF_MANY ? key : key + RESTING_ROWS;
    const count = Math.min(INSERTED_AT_ONCE, rows - done);
    statements.push(
      `INSERT INTO items WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
       SELECT /*+ SET_VAR(cte_max_recursion_depth = ${INSERTED_AT_ONCE}) */ ${from} + i, ${RESTING_VALUES} FROM n`,
    );
  }
  return statements;
}

type Outline = readonly (readonly [kind: string, id: string, column: string | undefined])[];

/** The differences of one sink as a report lists them. */
export function outlineOf({ differences }: CompareReport, sink: string): Outline {
  const own = differences.filter((difference) => difference.sink === sink);
  return own
    .map(({ kind, key, columns }) => [kind, key?.['id'] ?? '', columns[0]?.column] as const)
    .sort(byText);
}

/** As `outlineOf` has what was planted. */
export function planted(where = FEW): Outline {
  const changed = Object.entries(where.changed).map(
    ([id, columns]) => ['different', id, Object.keys(columns)[0]] as const,
  );
  const missing = where.missing.map((id) => ['missing', String(id), undefined] as const);
  const extra = where.extra.map((id) => ['extra', String(id), undefined] as const);
  return [...changed, ...missing, ...extra].sort(byText);
}

const byText = (one: readonly unknown[], other: readonly unknown[]): number =>
  JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;

export const redisKey = ({ name }: SinkPipeline, id: number): string => `${name}.items:${id}`;
const documentOf = ({ stores }: SinkPipeline, id: number) => ({
  index: stores.index('items'),
  id: `{"id":${id}}`,
});

/** Whether every store has the row. */
export async function hasRow(pipeline: SinkPipeline, id: number): Promise<boolean> {
  const { redis, elasticsearch, target, targetDatabase } = pipeline.stores;
  if ((await redis.exists(redisKey(pipeline, id))) === 0) return false;
  if (!(await elasticsearch.exists(documentOf(pipeline, id)))) return false;
  const sql = `SELECT id FROM ${targetDatabase}.items WHERE id = ${id}`;
  const [rows] = await target.query(sql).catch(() => [[]] as const);
  return (rows as readonly unknown[]).length > 0;
}

/** Into every store, past the sinks. */
export async function plant(pipeline: SinkPipeline, where = FEW): Promise<void> {
  for (const [id, columns] of Object.entries(where.changed)) await change(pipeline, Number(id), columns);
  for (const id of where.missing) await remove(pipeline, id);
  for (const id of where.extra) await add(pipeline, id);
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
