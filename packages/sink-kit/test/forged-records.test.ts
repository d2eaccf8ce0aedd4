import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ConsumedRecord } from '@sluice/kafka';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import { expect, test } from 'vitest';
import { PartitionWorker } from '../src/partition-worker.ts';
import { PublishedBound } from '../src/published-bound.ts';
import { inMemorySink, itemRow, sequenceAt } from '../src/testing/index.ts';
import { batchOf, testWorker, topic } from './fixtures.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** `npm run test:forged` takes a million. */
const RECORDS = Number(process.env['SLUICE_FORGED'] ?? 3000);
const SLOWEST_MS = 1000;
/** Code, caches and shapes come with the first records; from here on what lives must not grow. */
const WARM = Math.min(RECORDS / 2, 20_000);
const MOST_GROWTH_BYTES = 2 ** 23;
const HOSTILE = [
  null,
  0,
  -1,
  1e308,
  '',
  '__proto__',
  'constructor',
  '\u0000',
  [],
  {},
  true,
  '9'.repeat(19),
  `921${'0'.repeat(16)}`,
  `001${'9'.repeat(16)}`,
  '['.repeat(10_000),
];
const where = { topic: topic.topic, partition: 0 };
const never = new AbortController().signal;

/** One of each kind that gives orders, and of a row. */
const ORIGINALS = batchOf([
  topic.schema(sequenceAt(10)),
  topic.schema(sequenceAt(10), { change: 'additive' }),
  topic.truncate(sequenceAt(11)),
  topic.snapshotMark(sequenceAt(12), {
    job: 's1',
    phase: 'end',
    reconcile: true,
    since: sequenceAt(5),
    partitions: 1,
  }),
  topic.row({ operation: 'UPDATE', sequence: sequenceAt(13), row: itemRow(1, 2) }),
]).records;

/** Bytes that are other ones, or a member that holds what none should; in the key, too. */
function forge(random: SeededRandom, offset: bigint): ConsumedRecord {
  const original = random.pick(ORIGINALS);
  const key = random.chance(0.1) ? mutated(random, original.key as Buffer) : original.key;
  const value = original.value as Buffer;
  const forged = random.chance(0.5) ? mutated(random, value) : withHostile(random, value);
  return { ...original, offset, key, value: forged };
}

function mutated(random: SeededRandom, original: Buffer): Buffer {
  const bytes = Buffer.from(original);
  for (let count = random.integer(1, 4); count > 0; count--)
    bytes[random.below(bytes.length)] = random.below(256);
  return bytes.subarray(0, random.chance(0.1) ? random.below(bytes.length) : bytes.length);
}

function withHostile(random: SeededRandom, original: Buffer): Buffer {
  const copy = JSON.parse(original.toString()) as unknown;
  let at = copy as Record<string, unknown>;
  for (;;) {
    const name = random.pick(Object.keys(at));
    const inner = at[name];
    if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0 && random.chance(0.8)) {
      at = inner as Record<string, unknown>;
      continue;
    }
    at[name] = random.pick(HOSTILE);
    return Buffer.from(JSON.stringify(copy));
  }
}

/** A checkpoint topic to which one of the first generation is added each time that it is read. */
function checkpoints() {
  const checkpoint = { generation: 1, file: 'binlog.000001', highest: sequenceAt(13) };
  const value = Buffer.from(JSON.stringify({ checkpoint, checksum: '' }));
  let offset = 0n;
  const common = {
    topic: 'test.sluice.checkpoints',
    partition: 0,
    timestamp: 0,
    key: null,
    value,
    headers: new Map(),
  };
  return { newestRecord: async () => ({ ...common, offset: offset++ }) };
}

test('forged control records are applied or become dead letters, and true ones go on', async () => {
  const seed = announceSeed('forged control records');
  const diversion = { records: RECORDS * 2, ratio: 1 };
  const sink = inMemorySink();
  const { sent, context } = testWorker(sink, { quickRetries: 0, diversion });
  const worker = new PartitionWorker(where, {
    ...context,
    published: new PublishedBound(checkpoints(), 'test', 'test'),
  });
  let letters = 0;
  let atWarm = 0;
  for (let number = 0; number < RECORDS; number++) {
    if (number === WARM) atWarm = livingBytes();
    const record = forge(new SeededRandom(seed + number), BigInt(number));
    const about = `record ${number} of seed ${seed}: ${record.value?.toString('latin1').slice(0, 2000)}`;
    const begun = process.cpuUsage();
    const endOffset = record.offset + 1n;
    const batch = {
      topic: topic.topic,
      partition: 0,
      highWatermark: endOffset,
      endOffset,
      records: [record],
    };
    try {
      const verdict = await worker.handle(batch, never);
      // One that is ahead waits for the next checkpoint.
      const last = verdict.pause === null ? verdict : await worker.handle(batch, never);
      expect(last).toEqual({ nextOffset: endOffset, pause: null });
    } catch (error) {
      throw new Error(about, { cause: error });
    }
    // Of the processor, which others may hold: whatever it takes, it takes it here.
    const { user, system } = process.cpuUsage(begun);
    if (user + system > SLOWEST_MS * 1000) expect.fail(`takes long: ${about}`);
    letters += sent.splice(0).length;
    sink.writes.length = 0;
  }
  expect(letters).toBeGreaterThan(RECORDS / 4);
  expect(letters).toBeLessThan(RECORDS);
  const row = topic.row({ operation: 'INSERT', sequence: sequenceAt(99), row: itemRow(7, 1) });
  await worker.handle(batchOf([row], BigInt(RECORDS)), never);
  expect(sink.writes).toEqual([[row.key]]);
  expect(livingBytes() - atWarm).toBeLessThan(MOST_GROWTH_BYTES);
}, 1_800_000);

function livingBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
