import { formatSequence, TopicRouting } from '@sluice/envelope';
import type { RecordPlace, TopicReader, TopicRecord } from '@sluice/kafka';
import { expect, test } from 'vitest';
import type { SchemaHistoryRecord } from '../../src/catalog/schema-history-record.ts';
import { highestGeneration } from '../../src/state/kept-state.ts';

const TOPIC = 'shop.shop.orders';

function rowOf(generation: number): Buffer {
  const source = {
    server: 'shop',
    serverId: 1,
    database: 'shop',
    table: 'orders',
    timestamp: 1,
    gtid: null,
    snapshot: false,
    position: { file: 'binlog.000001', offset: 4, row: 0 },
  };
  const metadata = {
    connector: 'sluice',
    version: '0.1.0',
    transaction_id: null,
    event_index: 0,
    captured_at: 1,
  };
  const sequence = formatSequence(generation, 1, 5);
  const payload = {
    source,
    operation: 'DELETE',
    sequence,
    key: { id: 1 },
    before: null,
    after: null,
    metadata,
  };
  return Buffer.from(JSON.stringify({ schema: { version: 1, type: 'row', table: 1 }, payload }));
}

/** A topic of one partition with these values, from offset 0 on; null is a tombstone. */
function topicOf(values: readonly (Buffer | null)[]) {
  const records = values.map((value, index): TopicRecord => {
    return {
      topic: TOPIC,
      partition: 0,
      offset: BigInt(index),
      timestamp: 0,
      key: null,
      value,
      headers: new Map(),
    };
  });
  return {
    topicNames: async () => [TOPIC],
    lastRecordOfEachPartition: async () => [records.at(-1) ?? null],
    readTail: async (_topic: string, _partition: number, accept: (record: TopicRecord) => boolean) =>
      records.filter((record) => accept(record)).at(-1) ?? null,
  } as unknown as TopicReader;
}

async function highest(values: readonly (Buffer | null)[], known = 0, told = 0) {
  const passedOver: RecordPlace[] = [];
  const history = told === 0 ? [] : [{ sequence: formatSequence(told, 1, 1) } as SchemaHistoryRecord];
  const generation = await highestGeneration(topicOf(values), {
    routing: new TopicRouting({ prefix: 'shop' }),
    history,
    known,
    onPassedOver: (place) => passedOver.push(place),
  });
  return { generation, passedOver: passedOver.map(({ offset }) => offset) };
}

test.each([
  ['nothing', [], 0, 0, 0],
  ['rows', [rowOf(2), rowOf(3), null], 0, 0, 3],
  ['a checkpoint above the rows', [rowOf(3)], 4, 0, 4],
  ['a schema history above the rows', [rowOf(3)], 0, 5, 5],
  ['rows above a checkpoint that was restored', [rowOf(9)], 2, 2, 9],
])('the highest generation: %s', async (_name, values, known, told, expected) => {
  expect(await highest(values, known, told)).toEqual({ generation: expected, passedOver: [] });
});

test('damaged and forged rows leave generations to open', async () => {
  const values = [rowOf(3), rowOf(921), Buffer.from('{'), null];
  expect(await highest(values, 2, 2)).toEqual({ generation: 3, passedOver: [1n, 2n] });
});
