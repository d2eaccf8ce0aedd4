import { RecordSeals } from '@sluice/kafka';
import { describe, expect, test } from 'vitest';
import { SchemaHistory } from '../../src/catalog/schema-history.ts';
import type { SchemaHistoryRecord } from '../../src/catalog/schema-history-record.ts';
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
  const history = new SchemaHistory('p', null);
  await history.refresh(topic.reader);
  return { history, read: topic.read };
}

test('a start reads the newest version of each table, however many there were', async () => {
  const records = publish(new SchemaHistory('p', null), 0, 3000);
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
  const records = publish(new SchemaHistory('p', null), 0, 4);
  const topic = topicOf(records);
  const history = new SchemaHistory('p', null);
  await history.refresh(topic.reader);
  topic.add(publish(new SchemaHistory('p', null), 4, 5));
  for (let time = 0; time < 2; time++) await history.refresh(topic.reader);
  expect([history.newest, topic.read]).toEqual([[2, 3, 4].map(version), 5]);
});

test('an earlier version, which reads all of it, comes to the same', () => {
  const newest = new Map<string, unknown>();
  for (const { value } of publish(new SchemaHistory('p', null), 0, 1200)) {
    if (value === null) continue;
    const record = earlierHistory.parse(JSON.parse(value));
    newest.set(record.table, record);
  }
  expect([...newest.values()]).toEqual([1197, 1198, 1199].map(version));
});

test('a record that cannot be read counts as long as nothing newer of its table does', async () => {
  const broken: KeptRecord = { key: 'shop.t0', value: '{' };
  const [good, newer] = publish(new SchemaHistory('p', null), 0, 4).filter(({ key }) => key === 'shop.t0');
  if (good === undefined || newer === undefined) throw new Error('two versions of t0');
  const { history } = await readBack([good, broken, newer]);
  expect(history.newest).toEqual([version(3)]);
  await expect(readBack([good, broken])).rejects.toMatchObject({ code: 'SCHEMA_HISTORY_CORRUPT' });
});

describe('with seals', () => {
  const seals = new RecordSeals([Buffer.alloc(32, 1)], true);
  const strange = new RecordSeals([Buffer.alloc(32, 2)], true);
  const told = (number: number, by?: RecordSeals): KeptRecord => {
    const record = version(number);
    return {
      key: `shop.${record.table}`,
      value: JSON.stringify(record),
      ...(by === undefined ? {} : { seals: by }),
    };
  };
  const begin = (by?: RecordSeals): KeptRecord => ({
    key: 'begin',
    value: null,
    ...(by === undefined ? {} : { seals: by }),
  });
  const read = async (required: RecordSeals | null, records: readonly KeptRecord[]) => {
    const topic = topicOf(records);
    const history = new SchemaHistory('p', required);
    await history.refresh(topic.reader);
    return { history, topic, unsealed: () => history.unsealed.map(({ offset }) => Number(offset)) };
  };

  test('a version without a seal is believed when it is older than all that have one', async () => {
    const { history, unsealed } = await read(seals, [
      told(0),
      begin(),
      told(1),
      told(2, seals),
      told(3, seals),
    ]);
    expect([history.newest, unsealed()]).toEqual([[1, 2, 3].map(version), []]);
  });

  test.each([
    ['without a seal', undefined],
    ['with the seal of a stranger', strange],
  ])(
    'a version %s behind them is passed over, and no reading begins at such a summary',
    async (_name, by) => {
      const records = [begin(seals), told(0, seals), begin(by), told(3, by), told(1, seals)];
      const { history, topic, unsealed } = await read(seals, records);
      expect([history.newest, unsealed()]).toEqual([[0, 1].map(version), [2, 3]]);
      topic.add([told(4, by), told(2, seals)]);
      await history.refresh(topic.reader);
      expect([history.newest, unsealed()]).toEqual([[0, 1, 2].map(version), [2, 3, 5]]);
    },
  );

  test('all are believed while seals are introduced', async () => {
    const { history, unsealed } = await read(new RecordSeals([Buffer.alloc(32, 1)], false), [
      told(0, seals),
      told(1),
    ]);
    expect([history.newest, unsealed()]).toEqual([[0, 1].map(version), []]);
  });
});
