import fc from 'fast-check';
import { murmur2 as platformaticMurmur2 } from '@platformatic/kafka';
import { Partitioners } from 'kafkajs';
import { expect, test } from 'vitest';
import { murmur2, partitionFor } from '../src/index.ts';

// Vectors of Kafka's own test (UtilsTest.testMurmur2).
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
])('murmur2 of %s', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test('a range of a buffer hashes like a copy of it', () => {
  const bytes = Buffer.from('..foobar...');
  expect(murmur2(bytes, 2, 8)).toBe(-790332482);
});

test('partitions equal those of both client libraries for any key', () => {
  const kafkajs = Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 64 }),
      (key, n) => {
        const bytes = Buffer.from(key);
        const partitionMetadata = Array.from({ length: n }, (_, partitionId) => ({
          partitionId,
          leader: 1,
          partitionErrorCode: 0,
          replicas: [],
          isr: [],
        }));
        const ours = partitionFor(bytes, 0, bytes.length, n);
        expect(ours).toBe(kafkajs({ topic: 't', partitionMetadata, message: { key: bytes, value: null } }));
        expect(ours).toBe((platformaticMurmur2(bytes) & 0x7fffffff) % n);
      },
    ),
  );
});
