import { startStack, type MysqlServer } from '@sluice/local-stack';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRowConnection } from '../../src/source-rows.ts';
import {
  comparePlaceSchema,
  compareRunning,
  PlaceRefused,
  type PublishedTable,
  type RunningFindings,
  type RunningOptions,
  type RunningPlace,
} from '../../src/index.ts';

const stack = await startStack({ servers: ['mysql', 'target-mysql', 'redis'] });
const [DATABASE, COPY] = ['compare_resume', 'compare_resume_copy'];
const ROWS = 12_000;
const redis = new Redis(stack.redis.url);
const keyOf = (table: string, a: number, b: string): string => `${DATABASE}.${table}:${a}:${b}`;
/** Different in every sink: in the first, a middle and the last row. */
const CHANGED = [1, 6000, ROWS];
const [MISSING, EXTRA] = [7001, ROWS + 5];

async function onServer(server: MysqlServer, ...statements: readonly string[]): Promise<void> {
  const connection = await openRowConnection(server);
  for (const statement of statements) await connection.promise.query(statement);
  await connection.close();
}

const rowsOf = (name: string, wrong: boolean): string[] => {
  const rows: string[] = [];
  for (let id = 1; id <= ROWS; id += 1) {
    if (wrong && id === MISSING) continue;
    rows.push(`(${id}, 'k${id % 3}', ${wrong && CHANGED.includes(id) ? -1 : id})`);
  }
  if (wrong) rows.push(`(${EXTRA}, 'x', 0)`);
  return [
    `CREATE TABLE ${name} (a INT NOT NULL, b VARCHAR(9) NOT NULL, v INT, PRIMARY KEY (a, b))`,
    `INSERT INTO ${name} VALUES ${rows.join(', ')}`,
  ];
};

beforeAll(async () => {
  const tables = (database: string, wrong: boolean): string[] => [
    `DROP DATABASE IF EXISTS ${database}`,
    `CREATE DATABASE ${database}`,
    ...['one', 'two'].flatMap((table) => rowsOf(`${database}.${table}`, wrong)),
  ];
  await onServer(stack.mysql, ...tables(DATABASE, false));
  await onServer(stack.targetMysql, ...tables(COPY, true));
  for (const table of ['one', 'two']) {
    const pipeline = redis.pipeline();
    const put = (a: number, b: string, v: number): unknown =>
      pipeline.set(keyOf(table, a, b), `{"_sequence":"0010000010000000004","a":${a},"b":"${b}","v":${v}}`);
    for (let id = 1; id <= ROWS; id += 1)
      if (id !== MISSING) put(id, `k${id % 3}`, CHANGED.includes(id) ? -1 : id);
    put(EXTRA, 'x', 0);
    await pipeline.exec();
  }
});
afterAll(async () => {
  const keys = await redis.keys(`${DATABASE}.*`);
  if (keys.length > 0) await redis.del(keys);
  redis.disconnect();
  await onServer(stack.mysql, `DROP DATABASE ${DATABASE}`);
  await onServer(stack.targetMysql, `DROP DATABASE ${COPY}`);
  await stack.stop();
});

const published = (table: string, ...columns: readonly string[]): PublishedTable => ({
  database: DATABASE,
  table,
  columns: columns.map((name) => ({ source: name, published: name, treatment: '' })),
  keyColumns: ['a', 'b'],
  refused: null,
});
const TABLES = ['one', 'two'].map((table) => published(table, 'a', 'b', 'v'));

function compare(more: Partial<RunningOptions> = {}): Promise<RunningFindings> {
  const { host, port, user, password } = stack.targetMysql;
  return compareRunning({
    takes: () => true,
    source: stack.mysql,
    tables: TABLES,
    sinks: {
      copy: { type: 'mysql', host, port, user, password, databases: { [DATABASE]: COPY } },
      cache: { type: 'redis', ...stack.redis },
    },
    scope: { condition: () => null, keys: null, sample: null },
    rowsPerSecond: 1_000_000,
    applied: () => Promise.resolve(null),
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...more,
  });
}

const KILLED = new Error('killed');

/** What stands in the file after so many places were kept, and the process was killed; null when it was done before. */
async function killedAfter(places: number, from: RunningPlace | null): Promise<RunningPlace | null> {
  let kept = 0;
  let last = '';
  const write = (place: RunningPlace): Promise<void> => {
    last = JSON.stringify(place);
    kept += 1;
    return kept === places ? Promise.reject(KILLED) : Promise.resolve();
  };
  try {
    await compare({ from, keep: { write, everyMs: 0 } });
    return null;
  } catch (error) {
    if (error !== KILLED) throw error;
    return comparePlaceSchema.pick({ found: true, table: true }).parse(JSON.parse(last));
  }
}

const outlineOf = ({ result, rows, tables, differences }: RunningFindings): object => ({
  result,
  rows,
  sinks: tables.map(({ table, sinks }) => [table, sinks]),
  differences: differences
    .map(({ sink, table, kind, key, columns }) => JSON.stringify([table, sink, kind, key, columns]))
    .sort(),
});

test('a comparison that was killed at any place goes on, and finds what one in a single run does', async () => {
  const whole = await compare();
  expect(whole.result).toBe('different');
  expect(whole.rows).toBe(2 * ROWS);
  expect(whole.differences).toHaveLength(2 * 2 * (CHANGED.length + 2));
  for (const places of [1, 5, 12, 16, 30]) {
    const place = await killedAfter(places, null);
    expect(place).not.toBeNull();
    const seen: number[] = [];
    const rest = await compare({ from: place, onProgress: ({ rows, before }) => seen.push(rows - before) });
    expect(outlineOf(rest)).toEqual(outlineOf(whole));
    // What was compared before the kill was not compared again.
    if (places >= 12) expect(Math.max(...seen.slice(0, 1))).toBeLessThan(ROWS);
  }
  // Killed again and again, a few steps each time.
  let place: RunningPlace | null = null;
  let runs = 0;
  for (
    let next: RunningPlace | null = await killedAfter(4, null);
    next !== null;
    next = await killedAfter(4, place)
  ) {
    place = next;
    runs += 1;
  }
  expect(runs).toBeGreaterThan(5);
  const last = await compare({ from: place });
  expect(outlineOf(last)).toEqual(outlineOf(whole));
  expect(JSON.stringify(last.tables)).toContain(
    'compared in more than one run: the last one went on behind ',
  );
});

test('a place of a table with other columns or sinks is refused', async () => {
  const place = await killedAfter(6, null);
  expect(place?.table?.table).toBe(`${DATABASE}.one`);
  const narrower = [published('one', 'a', 'b'), ...TABLES.slice(1)];
  await expect(compare({ from: place, tables: narrower })).rejects.toThrow(PlaceRefused);
  await expect(compare({ from: place, takes: (sink) => sink === 'cache' })).rejects.toThrow(PlaceRefused);
  await expect(compare({ from: place, tables: TABLES.slice(1) })).rejects.toThrow(
    `${DATABASE}.one is not among the tables any more`,
  );
});
