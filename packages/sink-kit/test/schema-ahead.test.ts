import type { TopicRecord } from '@sluice/kafka';
import { expect, test } from 'vitest';
import { SchemaAhead } from '../src/schema-ahead.ts';
import type { Delivery } from '../src/sink.ts';
import { CONFORMANCE_DATABASE, CONFORMANCE_TABLE, itemRow, sequenceAt } from '../src/testing/index.ts';
import { routing, topic } from './fixtures.ts';

const where = { topic: topic.topic, partition: 0 };
const name = { database: CONFORMANCE_DATABASE, table: CONFORMANCE_TABLE };

/** A partition of these records, from offset 0 on; `looked` says how many a look has seen. */
function partitionOf(deliveries: readonly Delivery[]) {
  const looked: number[] = [];
  const records = deliveries.map(({ key, value }, index) => ({
    ...where,
    offset: BigInt(index),
    timestamp: 0,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: new Map(),
  }));
  const firstRecord = async (
    _t: string,
    _p: number,
    from: bigint,
    accept: (record: TopicRecord) => boolean,
  ) => {
    const rest = records.slice(Number(from));
    looked.push(rest.length);
    const record = rest.find(accept) ?? null;
    return { record, next: record === null ? BigInt(records.length) : record.offset + 1n };
  };
  return { looked, records, ahead: new SchemaAhead({ firstRecord }, routing, null) };
}

const row = (step: number) =>
  topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: itemRow(1, 1) });

test('the next record that tells the table, behind the one that cannot be applied', async () => {
  const schema = topic.schema(sequenceAt(20));
  const { ahead } = partitionOf([topic.schema(sequenceAt(1)), row(2), row(3), schema, row(4)]);
  const found = await ahead.find(where, 1n, name);
  expect(found).toMatchObject({
    offset: 3n,
    key: schema.key,
    envelope: { payload: { sequence: sequenceAt(20) } },
  });
});

test('not one of another table, nor one of a change', async () => {
  const change = topic.schema(sequenceAt(20));
  const envelope = { ...change.envelope, payload: { ...change.envelope.payload, change: 'additive' } };
  const additive = { ...change, value: Buffer.from(JSON.stringify(envelope)) };
  const { ahead } = partitionOf([row(1), additive, topic.schema(sequenceAt(30))]);
  expect(await ahead.find(where, 0n, { ...name, table: 'other' })).toBeNull();
  expect(await ahead.find(where, 0n, name)).toMatchObject({ offset: 2n });
});

test('the next behind which all rows come, where that is asked for', async () => {
  const [some, all] = [topic.schema(sequenceAt(20)), topic.schema(sequenceAt(30), { allRows: true })];
  const { ahead } = partitionOf([row(1), some, row(21), all]);
  expect(await ahead.find(where, 0n, name)).toMatchObject({ offset: 1n });
  expect(await ahead.find(where, 0n, name, true)).toMatchObject({ offset: 3n });
});

test('what was looked at is not looked at again', async () => {
  const { ahead, looked } = partitionOf([row(1), row(2), row(3)]);
  expect(await ahead.find(where, 0n, name)).toBeNull();
  expect(await ahead.find(where, 0n, name)).toBeNull();
  expect(looked).toEqual([2, 0]);
});

test('what was found is found again, where the store did not take it', async () => {
  const { ahead, looked } = partitionOf([row(1), row(2), topic.schema(sequenceAt(3)), row(4)]);
  for (let look = 0; look < 2; look++)
    expect(await ahead.find(where, 0n, name)).toMatchObject({ offset: 2n });
  expect(looked).toEqual([3, 2]);
});
