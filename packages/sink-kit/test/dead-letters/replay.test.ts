import { TopicRouting } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { replayDeadLetter, type ReplayTools } from '../../src/dead-letters/replay.ts';
import type { IndexedDeadLetter } from '../../src/dead-letters/dead-letter-index.ts';
import type { Delivery, Outcome } from '../../src/sink.ts';
import { itemRow, sequenceAt } from '../../src/testing/index.ts';
import { failure, STORE } from '../fixtures.ts';
import { letter, letterRecord, topic } from './letters.ts';

const failed = topic.row({ operation: 'UPDATE', sequence: sequenceAt(1), row: itemRow(42, 1) });
const indexed = (replays = 0): IndexedDeadLetter => ({
  ...letter(Number(failed.offset)),
  replays,
  decision: null,
});

function bench(write: (delivery: Delivery) => Promise<Outcome>, record = letterRecord(failed)) {
  const written: Delivery[] = [];
  const decided: unknown[] = [];
  const tools: ReplayTools = {
    routing: new TopicRouting({ prefix: 'test' }),
    seals: null,
    read: async () => record,
    write: async (delivery) => {
      written.push(delivery);
      return write(delivery);
    },
    record: async ({ id }, outcome, reason) => void decided.push([id, outcome, reason]),
  };
  return { tools, written, decided };
}

describe('a replayed letter', () => {
  test('is given to the store as the record that it was', async () => {
    const { tools, written, decided } = bench(async () => ({ kind: 'applied' }));
    expect(await replayDeadLetter(indexed(), false, tools)).toEqual({ id: indexed().id, result: 'applied' });
    const [delivery] = written;
    expect(delivery).toMatchObject({
      topic: failed.topic,
      partition: 0,
      offset: failed.offset,
      key: failed.key,
    });
    expect(delivery?.envelope).toEqual(failed.envelope);
    expect(delivery?.value).toEqual(failed.value);
    expect(decided).toEqual([[indexed().id, 'replayed', undefined]]);
  });

  test('that is stale is resolved by that', async () => {
    const { tools, decided } = bench(async () => ({ kind: 'stale' }));
    expect(await replayDeadLetter(indexed(), false, tools)).toMatchObject({ result: 'stale' });
    expect(decided).toEqual([[indexed().id, 'stale', undefined]]);
  });

  test('that is refused again stays open, with the reason', async () => {
    const error = failure('MYSQL_DUPLICATE');
    const { tools, decided } = bench(async () => ({ kind: 'failed', error }));
    expect(await replayDeadLetter(indexed(), false, tools)).toMatchObject({
      result: 'failed',
      code: error.code,
    });
    expect(decided).toEqual([[indexed().id, 'failed', 'MYSQL_DUPLICATE']]);
  });

  test('that cannot be read is not given to the store', async () => {
    const record = { ...letterRecord(failed), value: Buffer.from('{"broken') };
    const { tools, written } = bench(async () => ({ kind: 'applied' }), record);
    expect(await replayDeadLetter(indexed(), false, tools)).toMatchObject({
      result: 'failed',
      code: 'RECORD_INVALID',
    });
    expect(written).toEqual([]);
  });

  test('of a row that never was a record is refused', async () => {
    const { tools, written, decided } = bench(async () => ({ kind: 'applied' }));
    const row = { ...indexed(), offset: null };
    expect(await replayDeadLetter(row, true, tools)).toEqual({ id: row.id, result: 'refused' });
    expect([written, decided]).toEqual([[], []]);
  });

  test('is refused after five replays in vain, unless forced', async () => {
    const { tools, decided } = bench(async () => ({ kind: 'applied' }));
    expect(await replayDeadLetter(indexed(4), false, tools)).toMatchObject({ result: 'applied' });
    expect(await replayDeadLetter(indexed(5), false, tools)).toMatchObject({ result: 'refused' });
    expect(await replayDeadLetter(indexed(5), true, tools)).toMatchObject({ result: 'applied' });
    expect(decided).toHaveLength(2);
  });

  test('that retention has deleted is gone', async () => {
    const { tools, decided } = bench(async () => ({ kind: 'applied' }));
    expect(await replayDeadLetter(indexed(), false, { ...tools, read: async () => null })).toMatchObject({
      result: 'gone',
    });
    expect(decided).toEqual([]);
  });

  test('decides nothing when the store does not answer', async () => {
    const thrown = bench(async () => {
      throw failure('SINK_UNEXPECTED');
    });
    await expect(replayDeadLetter(indexed(), false, thrown.tools)).rejects.toBeInstanceOf(PipelineError);
    const told = bench(async () => ({ kind: 'failed', error: failure(STORE.STORE_AWAY) }));
    await expect(replayDeadLetter(indexed(), false, told.tools)).rejects.toMatchObject({
      code: STORE.STORE_AWAY,
    });
    expect([thrown.decided, told.decided]).toEqual([[], []]);
  });
});
