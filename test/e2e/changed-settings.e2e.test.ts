import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SinkPipeline, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readEnvelopes, readRows } from '../harness/records/table-records.ts';

const stack = await startStack({
  servers: ['kafka', 'mysql', 'mariadb', 'target-mysql', 'redis', 'elasticsearch'],
});
afterAll(() => stack.stop());

const ORDERS = [
  'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, code INT NOT NULL UNIQUE, v VARCHAR(20))',
  'INSERT INTO orders VALUES (1, 101, "one"), (2, 102, "two")',
];
const ITEMS = [
  'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))',
  'INSERT INTO items VALUES (1, "here before")',
];

/** A row condition that has changed is in table-shapes.e2e.test.ts. */
describe('what a changed setting does:', () => {
  test('a table that is added gets its snapshot, then its changes', async () => {
    const { pipeline, database, run } = await started({ tables: ['*.orders'] }, ...ORDERS, ...ITEMS);
    await run.stopped();
    const again = await run.next({
      source: { tables: [`${database.name}.*s`] },
    });
    await eventually('its row', async () => (await operations(pipeline, 'items')).length === 1);
    await database.run('INSERT INTO items VALUES (2, "later")');
    await eventually('both rows', async () => (await operations(pipeline, 'items')).length === 2);
    expect(await operations(pipeline, 'items')).toEqual(['SNAPSHOT', 'INSERT']);
    expect(await operations(pipeline, 'orders')).toEqual(['SNAPSHOT', 'SNAPSHOT']);
    await again.stopped();
  });

  test('a table that is removed is published no more; its rows stay, and the log says so', async () => {
    const { pipeline, database, run } = await started({}, ...ORDERS, ...ITEMS);
    await eventually('its row', async () => (await operations(pipeline, 'items')).length === 1);
    await run.stopped();
    const again = await run.next({ source: { excludeTables: ['*.items'] } });
    await database.run('UPDATE items SET v = "unseen"', 'INSERT INTO orders VALUES (3, 103, "seen")');
    await eventually('the other table', async () => (await operations(pipeline, 'orders')).length === 3);
    expect(await operations(pipeline, 'items')).toEqual(['SNAPSHOT']);
    expect(again.capture.process.log.filter(({ event }) => event === 'capture.tables_removed')).toHaveLength(
      1,
    );
    await again.stopped();
  });

  test('a mask or a name makes a new version of the table and publishes its rows once more', async () => {
    const { pipeline, run } = await started({}, ...ORDERS);
    await run.stopped();
    const again = await run.next({ tables: { '*.orders': { columns: { v: { mask: '*', rename: 'w' } } } } });
    await eventually('the rows once more', async () => (await operations(pipeline, 'orders')).length === 4);
    const rows = await readRows(pipeline.reader, pipeline.topic('orders'));
    expect(rows.filter(({ payload }) => payload.after?.['w'] === '*')).toHaveLength(2);
    const records = await readEnvelopes(pipeline.reader, pipeline.topic('orders'));
    const versions = records.flatMap(({ envelope: { schema } }) =>
      schema.type === 'schema' ? [schema.table] : [],
    );
    expect(new Set(versions)).toEqual(new Set([1, 2]));
    await again.stopped();
  });

  test('another key is refused in place', async () => {
    const { run, database } = await started({}, ...ORDERS);
    await run.stopped();
    const id = `${database.name}.orders`;
    const said = await run.refused({ source: { keys: { [id]: ['code'] } } });
    expect(said).toMatch(/found key code, while the topic was filled by id/);
  });

  test('a key that is taken back is refused in place', async () => {
    const { run, pipeline, database } = await prepared(...ORDERS);
    const id = `${database.name}.orders`;
    const first = await run.next({ source: { keys: { [id]: ['code'] } } });
    await eventually('the rows', async () => (await operations(pipeline, 'orders')).length === 2);
    await first.stopped();
    expect(await run.refused({})).toMatch(/found key id, while the topic was filled by code/);
  });

  test('another name of a key column is refused in place', async () => {
    const { run } = await started({}, ...ORDERS);
    await run.stopped();
    const said = await run.refused({ tables: { '*.orders': { columns: { id: { rename: 'nr' } } } } });
    expect(said).toMatch(/published as nr, while the topic was filled by id/);
  });

  test('another number of partitions is refused in place', async () => {
    const { run } = await started({}, ...ORDERS);
    await run.stopped();
    expect(await run.refused({ topics: { partitions: 5 } })).toMatch(/partitions: found 3, needs 5/);
  });

  test('another prefix makes new topics with a snapshot of their own', async () => {
    const { run, pipeline, database } = await started({}, ...ORDERS);
    await run.stopped();
    const prefix = `${pipeline.name}.second`;
    const again = await run.next({ topics: { prefix, partitions: 3 } });
    const topic = `${prefix}.${database.name}.orders`;
    await eventually('the rows', async () => (await readRows(pipeline.reader, topic)).length === 2);
    expect(await operations(pipeline, 'orders')).toEqual(['SNAPSHOT', 'SNAPSHOT']);
    await again.stopped();
  });

  test('another address of the same server goes on, another server is refused', async () => {
    const { run, pipeline, database } = await started({}, ...ORDERS);
    await run.stopped();
    await database.run('INSERT INTO orders VALUES (3, 103, "meanwhile")');
    const again = await run.next({ source: { host: 'localhost' } });
    await eventually('the row', async () => (await operations(pipeline, 'orders')).at(-1) === 'INSERT');
    expect(await operations(pipeline, 'orders')).toEqual(['SNAPSHOT', 'SNAPSHOT', 'INSERT']);
    await again.stopped();
    const other = await SourceDatabase.create(testScope(), stack.mariadb, 'other');
    await other.run(...ORDERS);
    const { host, port, user, password } = stack.mariadb;
    const said = await run.refused(
      { source: { host, port, user, password, tables: [`${other.name}.*`] } },
      70,
    );
    expect(said).toMatch(/The source does not match the checkpoint/);
  });

  test('anything else changes nothing of the data', async () => {
    const { run, pipeline } = await started({}, ...ORDERS);
    await run.stopped();
    const before = await readEnvelopes(pipeline.reader, pipeline.topic('orders'));
    const again = await run.next({
      capture: { flushRows: 7 },
      snapshot: { chunkRows: 3 },
      topics: { compression: 'gzip', partitions: 3 },
      log: { level: 'debug' },
    });
    await eventually('two heartbeats', async () => {
      const { stream } = (await again.capture.process.status()) as { stream: { position: number } };
      return stream.position > 4;
    });
    await again.stopped();
    expect(await readEnvelopes(pipeline.reader, pipeline.topic('orders'))).toHaveLength(before.length);
  });
});

interface Run {
  /** Starts capture with these sections laid over the base. */
  next(sections: Readonly<Record<string, object>>): Promise<Run & { readonly capture: PipelineProcess }>;
  stopped(): Promise<void>;
  /** Starts capture and answers its last message. */
  refused(sections: Readonly<Record<string, object>>, code?: number): Promise<string>;
}

interface Prepared {
  readonly pipeline: SinkPipeline;
  readonly database: SourceDatabase;
  readonly run: Run;
}

async function prepared(...statements: readonly string[]): Promise<Prepared> {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, 'changed');
  await database.run(...statements);
  const pipeline = await SinkPipeline.create(scope, { stack, database });
  return { pipeline, database, run: runOf(pipeline, null) };
}

/** A pipeline whose capture has published both rows of `orders`; its process is the run's. */
async function started(source: object, ...statements: readonly string[]): Promise<Prepared> {
  const made = await prepared(...statements);
  const { tables, ...rest } = source as { tables?: readonly string[] };
  const own = tables?.map((glob) => glob.replace('*', made.database.name));
  const run = await made.run.next({ source: own === undefined ? rest : { ...rest, tables: own } });
  await eventually('the rows', async () => (await operations(made.pipeline, 'orders')).length === 2);
  return { ...made, run };
}

function runOf<C extends PipelineProcess | null>(
  pipeline: SinkPipeline,
  capture: C,
): Run & { readonly capture: C } {
  return {
    capture,
    async next(sections) {
      pipeline.configure(sections as Parameters<SinkPipeline['configure']>[0]);
      const [process] = await pipeline.start('capture');
      return runOf(pipeline, process as PipelineProcess);
    },
    async stopped() {
      expect(await capture?.process.stop()).toMatchObject({ code: 0 });
    },
    async refused(sections, code = 69) {
      pipeline.configure(sections as Parameters<SinkPipeline['configure']>[0]);
      const { process } = await pipeline.launch('capture');
      expect(await process.ended).toMatchObject({ code });
      return process.log.at(-1)?.err?.message ?? '';
    },
  };
}

async function operations(pipeline: SinkPipeline, table: string): Promise<string[]> {
  const rows = await readRows(pipeline.reader, pipeline.topic(table));
  return rows
    .sort((a, b) => (a.payload.sequence < b.payload.sequence ? -1 : 1))
    .map(({ payload }) => payload.operation);
}
