import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

/** What sessions and statements of the source may do to the stream without anyone telling capture. */
describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  async function pipelineWith(...statements: readonly string[]): Promise<CapturePipeline> {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'sessions');
    await database.run(...statements);
    return CapturePipeline.create(scope, { database, brokers: stack.kafka.brokers });
  }

  const changesOf = async (pipeline: CapturePipeline, table: string): Promise<unknown[]> => {
    const rows = await readRows(pipeline.reader, pipeline.topic(table));
    const changes = rows.filter(({ payload }) => payload.operation !== 'SNAPSHOT');
    return changes
      .toSorted((one, other) => (one.payload.sequence < other.payload.sequence ? -1 : 1))
      .map(({ payload }) => payload.after ?? payload.before);
  };

  test('an old checkpoint decodes old rows with old columns', async () => {
    const pipeline = await pipelineWith(
      `CREATE TABLE orders (id int NOT NULL PRIMARY KEY, status enum('new','paid') NOT NULL, amount int, note varchar(20) CHARACTER SET latin1)`,
    );
    const { database } = pipeline;
    const first = await pipeline.start();
    await pipeline.snapshotDone(first, ['orders']);
    expect(await first.stop()).toMatchObject({ code: 0 });
    await database.run(
      `INSERT INTO orders VALUES (1, 'paid', 5, 'größe'), (4, 'new', -5, NULL)`,
      // A negative number would not survive the next statement.
      'DELETE FROM orders WHERE id = 4',
      `ALTER TABLE orders DROP COLUMN note, MODIFY amount bigint unsigned FIRST, MODIFY status enum('void','new','paid') NOT NULL`,
      `INSERT INTO orders VALUES (18446744073709551615, 2, 'void')`,
      `ALTER TABLE orders CHANGE amount total varchar(30) CHARACTER SET utf8mb4 AFTER status, ADD COLUMN extra datetime(2) DEFAULT '2026-11-21 09:05:34.2'`,
      `INSERT INTO orders VALUES (3, 'new', '日本', DEFAULT)`,
      `DELETE FROM orders WHERE id = 1`,
      `INSERT INTO orders VALUES (5, 'void', 'the last', DEFAULT)`,
    );
    const second = await pipeline.start();
    // Each ALTER begins a new life and has the table read again, so the last change need not be the newest record.
    const isLast = (change: unknown): boolean => (change as { id: number }).id === 5;
    await eventually('the last change', async () => (await changesOf(pipeline, 'orders')).some(isLast)).catch(
      async (error: unknown) => {
        const came = JSON.stringify(await changesOf(pipeline, 'orders'));
        throw new Error(`${came}\n${JSON.stringify(await second.status())}`, { cause: error });
      },
    );
    expect(await changesOf(pipeline, 'orders')).toEqual([
      { id: 1, status: 'paid', amount: 5, note: 'größe' },
      { id: 4, status: 'new', amount: -5, note: null },
      { id: 4, status: 'new', amount: -5, note: null },
      { amount: '18446744073709551615', id: 2, status: 'void' },
      { id: 3, status: 'new', total: '日本', extra: '2026-11-21T09:05:34.20' },
      expect.objectContaining({ id: 1, status: 'paid', extra: '2026-11-21T09:05:34.20' }),
      { id: 5, status: 'void', total: 'the last', extra: '2026-11-21T09:05:34.20' },
    ]);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });

  test('a row image that is not FULL stops the stream with the statement that mends it', async () => {
    const pipeline = await pipelineWith(
      'CREATE TABLE item (id int NOT NULL PRIMARY KEY, a int, secret varchar(20))',
      `INSERT INTO item VALUES (1, 1, 'unseen')`,
    );
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['item']);
    const session = await pipeline.database.connect();
    await session.query(`SET SESSION binlog_row_image = MINIMAL`);
    await session.query(`UPDATE item SET a = 2, secret = 'changed' WHERE id = 1`);
    expect(await capture.ended).toMatchObject({ code: 70 });
    const { err } = capture.log.at(-1) ?? {};
    expect(err?.code).toBe('BINLOG_ROW_IMAGE_NOT_FULL');
    expect(capture.output).toContain(`SET GLOBAL binlog_row_image = 'FULL'`);
    expect(capture.output).not.toMatch(/unseen|changed/);
    expect(await changesOf(pipeline, 'item')).toEqual([]);
  });

  test.runIf(server.flavour === 'mysql')(
    'PARTIAL_JSON and compressed transactions, set by a session in mid-stream',
    async () => {
      const pipeline = await pipelineWith(
        'CREATE TABLE docs (id int NOT NULL PRIMARY KEY, j json, n int)',
        `INSERT INTO docs VALUES (1, JSON_OBJECT('a', 1, 'pad', REPEAT('p', 500)), 0)`,
      );
      const capture = await pipeline.start();
      await pipeline.snapshotDone(capture, ['docs']);
      const session = await pipeline.database.connect();
      const bump = `UPDATE docs SET j = JSON_SET(j, '$.a', JSON_EXTRACT(j, '$.a') + 1), n = n + 1`;
      for (const statement of [
        bump,
        `SET SESSION binlog_row_value_options = PARTIAL_JSON`,
        bump,
        'SET SESSION binlog_transaction_compression = ON',
        bump,
        `SET SESSION binlog_row_value_options = ''`,
        bump,
        'SET SESSION binlog_transaction_compression = OFF',
        bump,
        `INSERT INTO docs VALUES (2, '[]', 0)`,
      ]) {
        await session.query(statement);
      }
      await pipeline.arrived(capture, 'docs', '{"id":2}');
      const changes = (await changesOf(pipeline, 'docs')) as { id: number; n: number; j: { a: number } }[];
      expect(changes.filter(({ id }) => id === 1).map(({ n, j }) => [n, j.a])).toEqual([
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 5],
        [5, 6],
      ]);
      expect(await capture.stop()).toMatchObject({ code: 0 });
    },
  );
});
