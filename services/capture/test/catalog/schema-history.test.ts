import { expect, test } from 'vitest';
import { SchemaHistory } from '../../src/catalog/schema-history.ts';
import type { SchemaHistoryRecord } from '../../src/catalog/table-registry.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { bufferOf } from '../support/buffers.ts';
import { topicOf, type KeptRecord } from '../support/kept-topics.ts';
import { earlierHistory } from '../stored/earlier-readers.ts';

const TABLES = 3;

const version = (number: number): SchemaHistoryRecord => ({
  database: 'shop',
  table: `t${number % TABLES}`,
  version: Math.floor(number / TABLES) + 1,
  columns: [{ name: 'id', type: 'int', nullable: false, charset: null }],
  keyColumns: ['id'],
  sequence: `00100000200000${String(number).padStart(5, '0')}`,
});

/** As capture goes on: each version in a Kafka transaction, with whatever `summarise` adds to it. */
function publish(history: SchemaHistory, from: number, to: number): KeptRecord[] {
  return Array.from({ length: to - from }, (_, index) => {
    const buffer = bufferOf();
    history.append(buffer, version(from + index), 1);
    history.summarise(buffer, 1);
    return recordsOf(buffer);
  }).flat();
}

async function readBack(records: readonly KeptRecord[]): Promise<{ history: SchemaHistory; read: number }> {
  const topic = topicOf(records);
  const history = new SchemaHistory('p');
  await history.refresh(topic.reader);
  return { history, read: topic.read };
}

test('a start reads the newest version of each table, however many there were', async () => {
  const records = publish(new SchemaHistory('p'), 0, 3000);
  const { history, read } = await readBack(records);
  expect(history.newest).toEqual([2997, 2998, 2999].map(version));
  expect(read).toBeLessThanOrEqual(500 + 3 * TABLES + 1);
});

test('a topic in which nothing was summed up is read as a whole, and summed up then', async () => {
  const before = Array.from({ length: 1000 }, (_, number) => version(number));
  const records = before.map((record) => ({
    key: `shop.${record.table}`,
    value: JSON.stringify(record),
  }));
  const { history, read } = await readBack(records);
  expect([history.newest, read]).toEqual([[997, 998, 999].map(version), 1000]);
  const buffer = bufferOf();
  history.summarise(buffer, 1);
  const again = await readBack([...records, ...recordsOf(buffer)]);
  expect([again.history.newest, again.read]).toEqual([history.newest, TABLES + 1]);
});

test('what came between two readings is added, once', async () => {
  const records = publish(new SchemaHistory('p'), 0, 4);
  const topic = topicOf(records);
  const history = new SchemaHistory('p');
  await history.refresh(topic.reader);
  topic.add(publish(new SchemaHistory('p'), 4, 5));
  for (let time = 0; time < 2; time++) await history.refresh(topic.reader);
  expect([history.newest, topic.read]).toEqual([[2, 3, 4].map(version), 5]);
});

test('an earlier version, which reads all of it, comes to the same', () => {
  const newest = new Map<string, unknown>();
  for (const { value } of publish(new SchemaHistory('p'), 0, 1200)) {
    if (value === null) continue;
    const record = earlierHistory.parse(JSON.parse(value));
    newest.set(record.table, record);
  }
  expect([...newest.values()]).toEqual([1197, 1198, 1199].map(version));
});

test('a record that cannot be read counts as long as nothing newer of its table does', async () => {
  const broken: KeptRecord = { key: 'shop.t0', value: '{' };
  const [good, newer] = publish(new SchemaHistory('p'), 0, 4).filter(({ key }) => key === 'shop.t0');
  if (good === undefined || newer === undefined) throw new Error('two versions of t0');
  const { history } = await readBack([good, broken, newer]);
  expect(history.newest).toEqual([version(3)]);
  await expect(readBack([good, broken])).rejects.toMatchObject({ code: 'SCHEMA_HISTORY_CORRUPT' });
});
