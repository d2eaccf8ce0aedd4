import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { assignerWith, memberDataOf } from '../src/member-data.ts';

const config = { cluster: {}, groupId: 'g', logger: {} } as unknown as Parameters<
  ReturnType<typeof assignerWith>
>[0];

test('a member says what it is under the protocol of kafkajs, and its topics as before', () => {
  const plain = kafkajs.PartitionAssigners.roundRobin(config);
  const assigner = assignerWith('{"instance":"ä-1"}')(config);
  const { name, metadata } = assigner.protocol({ topics: ['b', 'a'] });
  expect([name, assigner.version]).toEqual([plain.name, plain.version]);
  expect(memberDataOf(metadata)).toBe('{"instance":"ä-1"}');
  expect(kafkajs.AssignerProtocol.MemberMetadata.decode(metadata)?.topics).toEqual(['b', 'a']);
});

test('a member of another version, and the bytes of a stranger, say nothing', () => {
  const plain = kafkajs.PartitionAssigners.roundRobin(config);
  expect(memberDataOf(plain.protocol({ topics: ['a'] }).metadata)).toBe('');
  for (const bytes of [[], [0], [0, 1, 127, 255, 255, 255], [255, 255, 255, 255, 255, 255, 255]])
    expect(memberDataOf(Buffer.from(bytes))).toBe('');
});
