import { RecordSeals } from '@sluice/kafka';
import { expect, test } from 'vitest';
import { decisionsMoved } from '../../src/backup/decisions-moved.ts';
import type { KeptRecord } from '../../src/backup/kept-record.ts';

const TOPIC = 'shop.sluice.decisions.redis';
const decision = (key: string, value: unknown): KeptRecord => ({
  partition: 0,
  offset: '3',
  timestamp: 7,
  key: Buffer.from(key),
  value: Buffer.from(JSON.stringify(value)),
  headers: { seal: Buffer.from('1:old') },
});
const halt = decision('halt', { at: 1 });
const rewind = decision('rewind:shop.shop.orders/2', { offset: '500' });
const incomplete = decision('incomplete:shop.shop.orders/2', {
  at: 4,
  from: '1200',
  jobs: { 'shop.orders': 's3' },
  whole: [],
});
const all = [halt, rewind, incomplete];
const textOf = ({ value }: KeptRecord): string => String(value);

test('decisions stay as they are where the topics are the same', () => {
  expect(decisionsMoved(all, TOPIC, (topic) => topic === 'shop.shop.orders', null)).toEqual(all);
});

test('a place in a topic that is gone is none: no rewind, and what was incomplete is so from the beginning', () => {
  const moved = decisionsMoved(all, TOPIC, () => false, null);
  expect(moved.map(({ key }) => String(key))).toEqual(['halt', 'incomplete:shop.shop.orders/2']);
  expect(moved[0]).toEqual(halt);
  expect(moved.map(textOf)[1]).toBe('{"at":4,"from":"0","jobs":{},"whole":[]}');
});

test('the word that let a record become a dead letter is not taken for the record that stands at its place now', () => {
  const word = (name: string, outcome: string): KeptRecord =>
    decision(`letter:shop.shop.${name}-2-500`, { at: 1, by: 'me', outcome, failedAt: 0, replays: 0 });
  const gone = decision('letter:shop.shop.gone-2-500', null);
  const kept = [word('moved-1', 'discarded'), word('same-1', 'released'), gone];
  const isSame = (topic: string): boolean => topic === 'shop.shop.same-1';
  expect(decisionsMoved([word('moved-1', 'released'), ...kept], TOPIC, isSame, null)).toEqual(kept);
});

test('what is written anew has a seal of its own', () => {
  const seals = new RecordSeals([Buffer.alloc(32, 1)], true);
  const [record] = decisionsMoved([incomplete], TOPIC, () => false, seals);
  const { key, value, headers } = record as KeptRecord;
  expect(seals.isGenuine({ topic: TOPIC, partition: 0, key, value }, String(headers['seal']))).toBe(true);
});

test.each(['{', '[]', '{"at":"x"}'])(
  'a decision that nobody understands is for the sink to judge: %s',
  (text) => {
    const damaged = { ...incomplete, value: Buffer.from(text) };
    expect(decisionsMoved([damaged], TOPIC, () => false, null)).toEqual([damaged]);
  },
);
