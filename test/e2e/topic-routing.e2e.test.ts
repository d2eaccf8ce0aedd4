import type { TopicRecord } from '@sluice/kafka';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const COLUMNS = '(id INT NOT NULL PRIMARY KEY, label VARCHAR(40) NOT NULL)';
const TABLES = ['boxes', 'crates'] as const;
const EVERY_TABLE = [
  ...TABLES.map((table) => `CREATE TABLE ${table} ${COLUMNS}`),
  ...TABLES.map(
    (table) => `INSERT INTO ${table} VALUES (1, '${table} 1'), (2, '${table} 2'), (3, '${table} 3')`,
  ),
];

async function recordsOf(pipeline: SinkPipeline, topic: string): Promise<TopicRecord[]> {
  const records: TopicRecord[] = [];
  await pipeline.reader.readTopic(topic, {}, (record) => records.push(record));
  return records;
}

const headerOf = ({ headers }: TopicRecord, name: string): string => String(headers.get(name));
const isRow = (record: TopicRecord): boolean => headerOf(record, 'schema').startsWith('row/');

test('strategy database: two tables with equal keys share a topic, and every store equals the source', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'shared', EVERY_TABLE);
  const { database, name } = pipeline;
  pipeline.configure({ topics: { partitions: 2, strategy: 'database' } });
  await pipeline.start('capture', ...SINK_SERVICES);
  await pipeline.converged(TABLES);

  await database.run(
    "INSERT INTO boxes VALUES (4, 'four'), (5, 'five')",
    "INSERT INTO crates VALUES (4, 'vier'), (5, 'fünf')",
    "UPDATE boxes SET label = CONCAT(label, ' changed') WHERE id IN (1, 4)",
    'DELETE FROM crates WHERE id = 1',
    'DELETE FROM boxes WHERE id = 2',
    'UPDATE crates SET id = 9 WHERE id = 2',
    'TRUNCATE TABLE boxes',
    "INSERT INTO boxes VALUES (3, 'anew')",
    `CREATE TABLE sacks ${COLUMNS}`,
    "INSERT INTO sacks VALUES (3, 'made while the stream runs')",
  );
  const compared = await pipeline.converged([...TABLES, 'sacks']);
  for (const { compared: rows } of Object.values(compared.sinks)) expect(rows).toBe(1 + 4 + 1);

  const data = (await pipeline.reader.topicNames()).filter((topic) => topic.startsWith(name));
  expect(data.filter((topic) => !/\.(?:sluice|dlq)\./u.test(topic))).toEqual([`${name}.${name}`]);
  const keys = (await recordsOf(pipeline, `${name}.${name}`)).map(({ key }) => String(key));
  for (const table of TABLES) {
    expect(keys).toContain(`{"$table":"${table}","id":1}`);
    expect(keys).toContain(`{"$sluice":"schema","$table":"${table}"}`);
  }
  expect(keys).toContain('{"$sluice":"truncate","$table":"boxes"}');
  for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);
});

test('another strategy is refused for topics that are filled already', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'restrategy', EVERY_TABLE);
  const [before] = await pipeline.start('capture');
  await eventually(
    'rows in the topic',
    async () => (await recordsOf(pipeline, pipeline.topic('boxes'))).length > 0,
  );
  await before?.process.stop();
  pipeline.configure({ topics: { partitions: 3, strategy: 'database' } });
  const { process, configFile } = await pipeline.launch('capture');
  expect((await process.ended).code).toBe(69);
  expect((await sluice(configFile, 'plan')).document).toMatchObject({
    tables: TABLES.map((table) => ({ keyMembers: `"$table":"${table}"`, keyColumns: ['id'] })),
  });
  expect(process.lastLines()).toContain('topics named {database}, while');
  expect(await pipeline.reader.topicNames()).not.toContain(`${pipeline.name}.${pipeline.name}`);
});

test.each([
  ['strategy operation', { strategy: 'operation' }, 'boxes', '{'],
  ['a template over all tables', { template: '{database}.all.{operation}' }, 'all', '{"$table":"boxes",'],
] as const)(
  '%s: each topic holds its operation, truncates go to all, and a sink refuses them',
  async (_, how, stem, keyBegin) => {
    const pipeline = await SinkPipeline.withTables(testScope(), stack, 'split', EVERY_TABLE);
    const { database, name } = pipeline;
    pipeline.configure({ topics: { partitions: 2, ...how } });
    await pipeline.start('capture');
    const topic = (operation: string): string => `${name}.${name}.${stem}.${operation}`;
    const isOfBoxes = (record: TopicRecord): boolean =>
      isRow(record) && String(record.key).startsWith(keyBegin);
    const snapshotted = async (): Promise<boolean> =>
      (await recordsOf(pipeline, topic('snapshot'))).filter(isOfBoxes).length === 3;
    await eventually('the rows of the snapshot', snapshotted);
    await database.run(
      "INSERT INTO boxes VALUES (4, 'four')",
      "UPDATE boxes SET label = 'x' WHERE id = 4",
      'DELETE FROM boxes WHERE id = 4',
      'TRUNCATE TABLE boxes',
    );
    const operations = ['insert', 'update', 'delete', 'snapshot'];
    for (const operation of operations) {
      const truncates = async (): Promise<boolean> => {
        const records = await recordsOf(pipeline, topic(operation));
        return records.filter((record) => headerOf(record, 'operation') === 'TRUNCATE').length === 2;
      };
      await eventually(`the truncate in ${operation}`, truncates);
      const rows = (await recordsOf(pipeline, topic(operation))).filter(isOfBoxes);
      const keys = rows.map((row) => `${headerOf(row, 'operation')} ${String(row.key)}`).sort();
      const ids = operation === 'snapshot' ? [1, 2, 3] : [4];
      expect(keys).toEqual(ids.map((id) => `${operation.toUpperCase()} ${keyBegin}"id":${id}}`));
    }

    const { process } = await pipeline.launch('sink-redis');
    expect((await process.ended).code).toBe(64);
    expect(process.lastLines()).toContain('TOPICS_SPLIT');
  },
);

test('rows with equal values of partitionBy are in one partition, sinks are equal, and another partitionBy is refused', async () => {
  const columns = '(id INT NOT NULL, box INT NOT NULL, label VARCHAR(40) NOT NULL, PRIMARY KEY (id, box))';
  const rows = Array.from({ length: 60 }, (_, id) => `(${id}, ${id % 5}, 'row ${id}')`).join(', ');
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'parted', [
    `CREATE TABLE items ${columns}`,
    `INSERT INTO items VALUES ${rows}`,
  ]);
  const { database, name } = pipeline;
  const by = (column: string): object => ({ tables: { [`${name}.items`]: { partitionBy: [column] } } });
  pipeline.configure({ topics: { partitions: 7 }, ...by('box') });
  const [capture] = await pipeline.start('capture', ...SINK_SERVICES);
  await pipeline.converged(['items']);
  await database.run(
    "UPDATE items SET label = CONCAT(label, ' x') WHERE id % 2 = 0",
    'DELETE FROM items WHERE id % 7 = 0',
    'UPDATE items SET box = box + 100 WHERE id % 11 = 0',
    "INSERT INTO items VALUES (0, 0, 'again'), (99, 3, 'new')",
  );
  await pipeline.converged(['items']);
  const partitionsOf = new Map<string, Set<number>>();
  for (const record of (await recordsOf(pipeline, pipeline.topic('items'))).filter(isRow)) {
    const { box } = JSON.parse(String(record.key)) as { readonly box: number };
    const known = partitionsOf.get(String(box)) ?? new Set();
    partitionsOf.set(String(box), known.add(record.partition));
  }
  expect(partitionsOf.size).toBeGreaterThan(5);
  expect([...partitionsOf.values()].filter(({ size }) => size !== 1)).toEqual([]);
  for (const sink of SINK_NAMES) expect(await pipeline.deadLetters(sink)).toEqual([]);

  await capture?.process.stop();
  pipeline.configure({ topics: { partitions: 7 }, ...by('id') });
  const { process } = await pipeline.launch('capture');
  expect((await process.ended).code).toBe(69);
  expect(process.lastLines()).toContain(
    String.raw`while ${name}.items went to {database}.{table} by [\"box\"]`,
  );
});
