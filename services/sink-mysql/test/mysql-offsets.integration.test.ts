import type { Row, SchemaColumn } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MysqlSink } from '../src/mysql-sink.ts';
import { AnswerCutter } from './answer-cutter.ts';
import { TargetFixture } from './target-fixture.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());
const never = new AbortController().signal;
const id: SchemaColumn = { name: 'id', type: 'int', nullable: false, charset: null };

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('offsets on %s', (_, server) => {
  let fixture: TargetFixture;
  let orders: TestTopic;
  let cutter: AnswerCutter;

  beforeEach(async () => {
    fixture = await TargetFixture.create(server, 'shop');
    orders = new TestTopic({ database: 'shop', table: 'orders', columns: [id], keyColumns: ['id'] });
    cutter = await AnswerCutter.before(server);
  });
  afterEach(async () => {
    await fixture.remove();
    cutter.close();
  });

  const throughCutter = (): Promise<MysqlSink> => fixture.worker({ host: '127.0.0.1', port: cutter.port });
  const order = (step: number): Delivery =>
    orders.row({ operation: 'INSERT', sequence: sequenceAt(step), row: { id: step } });
  const ids = async (): Promise<unknown[]> =>
    (await fixture.rows(`SELECT id FROM ${fixture.table('orders')} ORDER BY id`)).map(
      (row: Row) => row['id'],
    );

  test.each(['COMMIT', 'UPDATE'])(
    'an answer to %s that is lost costs neither rows nor the offset',
    async (lost) => {
      const sink = await throughCutter();
      await sink.write([orders.schema(sequenceAt(1))], never);
      await sink.offsets.read(orders.topic, 0);
      const [first, second] = [order(10), order(11)];
      await sink.write([first], never);
      cutter.loseAnswerTo(lost);
      await expect(sink.write([second], never)).rejects.toMatchObject({ errorClass: 'retryable' });
      const [outcome] = await sink.write([second], never);
      expect(outcome?.kind).toBe(lost === 'COMMIT' ? 'stale' : 'applied');
      expect(await ids()).toEqual([10, 11]);
      expect(await sink.offsets.read(orders.topic, 0)).toBe(second.next);
    },
  );

  test.each([
    ['first', 'INSERT INTO'],
    ['next', 'UPDATE'],
    ['first', 'COMMIT'],
    ['next', 'COMMIT'],
  ])('an advance to the %s offset whose %s was not answered can be made again', async (which, lost) => {
    const sink = await throughCutter();
    await sink.offsets.read(orders.topic, 0);
    if (which === 'next') await sink.offsets.advance(orders.topic, 0, 5n);
    cutter.loseAnswerTo(lost);
    await expect(sink.offsets.advance(orders.topic, 0, 7n)).rejects.toMatchObject({
      errorClass: 'retryable',
    });
    await sink.offsets.advance(orders.topic, 0, 7n);
    expect(await sink.offsets.read(orders.topic, 0)).toBe(7n);
  });

  test('what is stored is what a transaction on its way will have stored', async () => {
    const [old, next] = [await fixture.worker(), await fixture.worker()];
    await old.write([orders.schema(sequenceAt(1))], never);
    await old.offsets.read(orders.topic, 0);
    await old.write([order(10)], never);
    const blocked = `${fixture.database}_state`;
    await fixture.reader.query('START TRANSACTION');
    await fixture.reader.query(`UPDATE ${blocked}.cdc_offsets SET next_offset = 50`);
    const reading = next.offsets.read(orders.topic, 0);
    await fixture.reader.query('SELECT SLEEP(0.2)');
    await fixture.reader.query('COMMIT');
    expect(await reading).toBe(50n);
  });

  test('an offset belongs to the topic that it was stored for, and is forgotten when that was made again', async () => {
    const { offsets } = await fixture.worker();
    const stored = async (): Promise<unknown> => [
      await offsets.read(orders.topic, 0),
      await offsets.topicId(orders.topic, 0),
    ];
    expect(await stored()).toEqual([null, null]);
    await offsets.advance(orders.topic, 0, 5n);
    await offsets.keepTopicId(orders.topic, 0, 'first');
    expect(await stored()).toEqual([5n, 'first']);
    await offsets.keepTopicId(orders.topic, 0, 'first');
    expect(await stored()).toEqual([5n, 'first']);
    await offsets.keepTopicId(orders.topic, 0, 'second');
    expect(await offsets.topicId(orders.topic, 0)).toBe('second');
    await offsets.advance(orders.topic, 0, 2n);
    expect(await stored()).toEqual([2n, 'second']);
    await offsets.set(orders.topic, 0, 1n);
    expect(await stored()).toEqual([1n, null]);
  });

  test('the offset behind a batch is the one of its last delivery, markers included', async () => {
    const sink = await fixture.worker();
    await sink.write([orders.schema(sequenceAt(1))], never);
    await sink.offsets.read(orders.topic, 0);
    const last = order(10);
    await sink.write([{ ...last, next: last.offset + 3n }], never);
    expect(await sink.offsets.read(orders.topic, 0)).toBe(last.offset + 3n);
  });
});
