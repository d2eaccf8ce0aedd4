import { describe, expect, test } from 'vitest';
import { inCopies } from '../src/copies.ts';
import { weaknesses, type TopicCopies } from '../src/fragile-topics.ts';

const topic = (over: Partial<TopicCopies> = {}): TopicCopies => ({
  name: 'shop.orders',
  replicas: 3,
  minInSync: 2,
  isUnclean: false,
  ...over,
});

describe('weaknesses', () => {
  test('three copies, two of them needed, are well; so is one copy where there is one broker', () => {
    expect(weaknesses([topic()], 3)).toEqual([]);
    expect(weaknesses([topic({ replicas: 1, minInSync: 1 })], 1)).toEqual([]);
  });

  test.each([
    [
      { minInSync: 1 },
      'may lose acknowledged records with one broker: min.insync.replicas is 1, with 3 copies',
    ],
    [
      { minInSync: 3 },
      'can take no record while any broker is away: min.insync.replicas is 3, with 3 copies',
    ],
    [
      { replicas: 1, minInSync: 2 },
      'can take no record: min.insync.replicas is 2, more than one copy. Set it to 1',
    ],
    [{ replicas: 1, minInSync: 1 }, 'would be lost with one broker, although there are 3: one copy'],
    [{ isUnclean: true }, 'may lose acknowledged records: unclean.leader.election.enable is on'],
  ])('%j', (over, told) => {
    expect(weaknesses([topic(over)], 3)).toEqual([expect.stringContaining(`topic shop.orders ${told}`)]);
  });

  test('one sentence for all topics that have the same weakness, with the first names', () => {
    const topics = ['a', 'b', 'c', 'd', 'e'].map((name) => topic({ name, minInSync: name === 'e' ? 3 : 1 }));
    const [first, second, ...others] = weaknesses(topics, 3);
    expect(first).toMatch(/^topics a, b, c and 1 more may lose/u);
    expect(second).toMatch(/^topic e can take no record while any broker is away/u);
    expect(others).toEqual([]);
  });
});

test('a topic is made with the copies of the settings, and without a word where the brokers decide', () => {
  const configs = { 'cleanup.policy': 'compact' };
  expect(inCopies({ replicationFactor: 3, minInsyncReplicas: 2 }, configs)).toEqual({
    replicationFactor: 3,
    configs: { 'cleanup.policy': 'compact', 'min.insync.replicas': '2' },
  });
  expect(inCopies({ replicationFactor: 1 }, configs)).toEqual({ replicationFactor: 1, configs });
});
