import { parseArgs } from 'node:util';
import { createLogger, type KafkaConfig } from '@sluice/runtime';
import {
  encodeHeader,
  ensureTopics,
  kafkaClient,
  RecordBatchBuilder,
  TransactionalPublisher,
  type Compression,
  type TopicBatch,
} from '../../src/index.ts';
import { BufferTarget } from '../support/buffer-target.ts';

/*
 * Publishing alone, without a source: node packages/kafka/test/bench/publish.bench.ts --brokers host:port
 * Records of 900 ready-made bytes with three headers, 5,000 per Kafka transaction, batches cut at 900 KB; the next
 * transaction is filled while one is under way. Then single-record transactions, 200 a second.
 * CPU is this process's, all threads; the broker's is not in it.
 */
const { values: options } = parseArgs({
  options: {
    brokers: { type: 'string', default: process.env['SLUICE_KAFKA_BROKERS'] ?? '127.0.0.1:9092' },
    records: { type: 'string', default: '300000' },
    partitions: { type: 'string', default: '1' },
    singles: { type: 'string', default: '1200' },
    codecs: { type: 'string', default: 'zstd,lz4,gzip,none' },
  },
});

const RECORDS_PER_TRANSACTION = 5_000;
const BATCH_BYTES = 900_000;
const SINGLE_INTERVAL_MS = 5;
const WARM_UP_TRANSACTIONS = 6;

const kafka: KafkaConfig = { brokers: options.brokers.split(','), clientId: 'sluice-bench' };
const log = createLogger('bench', { level: 'warn' });
const never = new AbortController().signal;
const partitions = Number(options.partitions);
const headers = ['operation:INSERT', 'sequence:0010000020053760849', 'schema:row/1/3'].map((text) => {
  const [name = '', value = ''] = text.split(':');
  return encodeHeader(name, value);
});
const values = readyMadeValues();

/** Rows that differ in key, numbers and some text: about as compressible as an orders table. */
function readyMadeValues(): Buffer[] {
  return Array.from({ length: 997 }, (_, i) => {
    const note = Array.from({ length: 40 }, (_word, word) =>
      ((i * 2654435761 + word * 40503) >>> 0).toString(36),
    );
    const row = { id: i, status: 'paid', total: `${(i * 7.31).toFixed(2)}`, note: note.join(' ') };
    return Buffer.from(
      JSON.stringify({ schema: { version: 1 }, after: row })
        .padEnd(900)
        .slice(0, 900),
    );
  });
}

/** Builders of two transactions in turn, so that one is filled while the other is sent. */
class BatchPool {
  readonly #idle: RecordBatchBuilder[] = [];

  take(): RecordBatchBuilder {
    return this.#idle.pop() ?? new RecordBatchBuilder(new BufferTarget(1_100_000));
  }

  give(batches: readonly TopicBatch[]): void {
    for (const { batch } of batches) {
      batch.reset();
      this.#idle.push(batch);
    }
  }
}

function writeRecord(builder: RecordBatchBuilder, number: number): void {
  const value = values[number % values.length] ?? Buffer.alloc(0);
  const key = Buffer.from(`{"id":${number}}`, 'latin1');
  builder.begin(1_795_252_177_716);
  builder.key(key, 0, key.length);
  builder.beginValue();
  builder.out.reserve(value.length);
  builder.out.bytes.set(value, builder.out.position);
  builder.out.position += value.length;
  builder.endValue();
  builder.headerCount(headers.length);
  for (const header of headers) builder.rawHeader(header);
  builder.end();
}

function fill(pool: BatchPool, topic: string, from: number, count: number): TopicBatch[] {
  const done: TopicBatch[] = [];
  const open: (TopicBatch | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const partition = i % partitions;
    const current = (open[partition] ??= { topic, partition, batch: pool.take() });
    writeRecord(current.batch, from + i);
    if (current.batch.byteLength < BATCH_BYTES) continue;
    done.push(current);
    open[partition] = undefined;
  }
  return [...done, ...open.filter((batch) => batch !== undefined)];
}

async function drain(publisher: TransactionalPublisher, topic: string, records: number): Promise<string> {
  const pool = new BatchPool();
  let cpu = process.cpuUsage();
  let started = performance.now();
  let measured = 0;
  let underWay: Promise<void> = Promise.resolve();
  for (let at = 0, transaction = 0; at < records; at += RECORDS_PER_TRANSACTION, transaction++) {
    const batches = fill(pool, topic, at, RECORDS_PER_TRANSACTION);
    await underWay;
    if (transaction === WARM_UP_TRANSACTIONS) {
      cpu = process.cpuUsage();
      started = performance.now();
    }
    if (transaction >= WARM_UP_TRANSACTIONS) measured += RECORDS_PER_TRANSACTION;
    underWay = publisher.publish(batches, never).then(() => pool.give(batches));
  }
  await underWay;
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return `${Math.round(measured / seconds).toLocaleString('en')} records/s, ${((user + system) / measured).toFixed(2)} µs CPU`;
}

async function singles(publisher: TransactionalPublisher, topic: string, count: number): Promise<string> {
  const pool = new BatchPool();
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const due = performance.now() + SINGLE_INTERVAL_MS;
    const batches = fill(pool, topic, i, 1);
    const started = performance.now();
    await publisher.publish(batches, never);
    took.push(performance.now() - started);
    pool.give(batches);
    const rest = due - performance.now();
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  }
  const sorted = took.slice(Math.floor(count / 5)).sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(2);
  return `single-record transactions p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms`;
}

for (const compression of options.codecs.split(',') as Compression[]) {
  const topic = `bench.${compression}.${Date.now()}`;
  await ensureTopics(kafkaClient(kafka, log), [
    { name: topic, partitions, replicationFactor: 1, configs: { 'retention.bytes': '200000000' } },
  ]);
  const publisher = new TransactionalPublisher({ kafka, transactionalId: 'bench', compression, log });
  await publisher.fence(never);
  const speed = await drain(publisher, topic, Number(options.records));
  const latency = await singles(publisher, topic, Number(options.singles));
  process.stdout.write(`${compression.padEnd(5)} ${speed}; ${latency}\n`);
  await publisher.close();
}
