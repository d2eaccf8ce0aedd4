import { ByteWriter } from '@sluice/binlog';
import {
  RecordBatchBuilder,
  TopicReader,
  TransactionalPublisher,
  type TopicBatch,
  type TopicRecord,
} from '@sluice/kafka';
import { createLogger } from '@sluice/runtime';
import type { RawPublishTask, RawResult } from './raw-task.ts';

const ROWS_PER_TRANSACTION = 5000;
const BATCH_BYTES = 890_000;
const SAMPLE_RECORDS = 20_000;

/** A record as it came from the topic that capture filled. */
interface ReadyRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: readonly (readonly [Buffer, Buffer])[];
}

/**
 * Publishes records that are ready: the first of those that capture has published, over and over. The next transaction is
 * filled while one is under way, as capture does. The clock runs from the first transaction's acknowledgement to the last one's.
 */
export async function publishRaw(task: RawPublishTask): Promise<RawResult> {
  const kafka = { brokers: [...task.brokers], clientId: 'sluice-bench' };
  const records = await sample(task);
  const publisher = new TransactionalPublisher({
    kafka,
    transactionalId: `sluice.${task.topic}`,
    compression: 'zstd',
    log: createLogger('bench', { level: 'silent' }),
  });
  const { signal } = new AbortController();
  await publisher.fence(signal);
  const idle: RecordBatchBuilder[] = [];
  let underWay = Promise.resolve();
  let begun = 0;
  let cpu = process.cpuUsage();
  const rows = task.rows;
  for (let at = -ROWS_PER_TRANSACTION; at < rows; at += ROWS_PER_TRANSACTION) {
    const batches = fill(idle, task, records, Math.max(0, at), Math.min(ROWS_PER_TRANSACTION, rows - at));
    await underWay;
    if (at === 0) {
      begun = performance.now();
      cpu = process.cpuUsage();
    }
    underWay = publisher.publish(batches, signal).then(() => {
      for (const { batch } of batches) {
        batch.reset();
        idle.push(batch);
      }
    });
  }
  await underWay;
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - begun) / 1000;
  await publisher.close();
  return { rows, seconds, cpuMicros: user + system };
}

async function sample({ brokers, source, rows }: RawPublishTask): Promise<ReadyRecord[]> {
  const reader = new TopicReader({
    kafka: { brokers: [...brokers], clientId: 'sluice-bench' },
    signal: AbortSignal.timeout(60_000),
  });
  const records: ReadyRecord[] = [];
  const wanted = Math.min(rows, SAMPLE_RECORDS);
  try {
    await reader.readTopic(source, {}, (record) => {
      if (records.length < wanted && record.key !== null && record.value !== null)
        records.push(ready(record));
    });
  } finally {
    reader.close();
  }
  return records;
}

function ready({ key, value, headers }: TopicRecord): ReadyRecord {
  return {
    key: Buffer.from(key ?? ''),
    value: Buffer.from(value ?? ''),
    headers: [...headers].map(([name, text]) => [Buffer.from(name), Buffer.from(text ?? '')]),
  };
}

function fill(
  idle: RecordBatchBuilder[],
  { topic, partitions }: RawPublishTask,
  records: readonly ReadyRecord[],
  from: number,
  count: number,
): TopicBatch[] {
  const batches: TopicBatch[] = [];
  const open: (TopicBatch | undefined)[] = [];
  for (let n = from; n < from + count; n++) {
    const partition = n % partitions;
    let batch = open[partition];
    if (batch === undefined || batch.batch.byteLength >= BATCH_BYTES) {
      batch = { topic, partition, batch: idle.pop() ?? new RecordBatchBuilder(new ByteWriter(1 << 16)) };
      open[partition] = batch;
      batches.push(batch);
    }
    const record = records[n % records.length];
    if (record !== undefined) append(batch.batch, record);
  }
  return batches;
}

function append(batch: RecordBatchBuilder, { key, value, headers }: ReadyRecord): void {
  const { out } = batch;
  batch.begin(1_795_252_177_716);
  batch.key(key, 0, key.length);
  batch.beginValue();
  out.reserve(value.length);
  value.copy(out.bytes, out.position);
  out.position += value.length;
  batch.endValue();
  batch.headerCount(headers.length);
  for (const [name, text] of headers) batch.header(name, text, 0, text.length);
  batch.end();
}
