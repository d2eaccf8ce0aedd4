import { expect, test } from 'vitest';
import { judgeTopics, topicProblems } from '../../src/catalog/prepare-topics.ts';

const problem = { topic: 'p.shop.orders', setting: 'partitions', found: '6', required: '1', fix: '' };
const data = new Map([['p.shop.orders', 1]]);

test.each([
  ['made for fewer tables', problem, 6, true],
  ['made for more tables', { ...problem, found: '1', required: '6' }, 6, true],
  ['another number was configured', problem, 12, false],
  ['another setting', { ...problem, setting: 'cleanup.policy' }, 6, false],
  ['a topic of the pipeline itself', { ...problem, topic: 'p.sluice.checkpoints' }, 6, false],
])('a topic %s', (_what, found, configured, isKept) => {
  const { kept, refused } = judgeTopics([found], data, configured);
  expect([kept.length, refused.length]).toEqual(isKept ? [1, 0] : [0, 1]);
});

test('topics that differ in the same way are one problem', () => {
  const other = { ...problem, setting: 'retention.ms', fix: 'Run: alter p.shop.orders now' };
  expect(topicProblems([other, { ...other, topic: 'p.shop.lines' }, problem])).toEqual([
    {
      setting: 'topics p.shop.orders, p.shop.lines: retention.ms',
      found: '6',
      required: '1',
      fix: 'For each: Run: alter <topic> now',
    },
    { setting: 'topic p.shop.orders: partitions', found: '6', required: '1', fix: '' },
  ]);
});
