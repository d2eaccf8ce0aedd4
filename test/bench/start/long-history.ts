import { ByteWriter } from '@sluice/binlog';
import { ddlTopic, formatSequence, schemaHistoryTopic } from '@sluice/envelope';
import { RecordBatchBuilder, TransactionalPublisher, type TopicRecord } from '@sluice/kafka';
import { createLogger } from '@sluice/runtime';
import { kafkaConfig, type CapturePipeline } from '../../harness/pipelines/capture-pipeline.ts';

interface Version {
  readonly version: number;
}

interface Statement {
  readonly payload: object;
}

/**
 * Writes further versions and statements as capture would: its own records, other numbers, one Kafka transaction each. The newest
 * version of every table is written again in the end, so that the tables are as they were.
 */
export async function appendVersions(
  pipeline: CapturePipeline,
  brokers: readonly string[],
  count: number,
): Promise<void> {
  const history = await recordsOf(pipeline, schemaHistoryTopic(pipeline.name));
  const [statement] = await recordsOf(pipeline, ddlTopic(pipeline.name));
  if (statement === undefined) throw new Error('capture has told of no statement');
  const newest = [...new Map(history.map((record) => [String(record.key), record])).values()];
  const { signal } = new AbortController();
  const publisher = new TransactionalPublisher({
    kafka: kafkaConfig(brokers),
    transactionalId: `${pipeline.name}.bench`,
    compression: 'zstd',
    log: createLogger('bench', { level: 'silent' }),
  });
  await publisher.fence(signal);
  try {
    for (let n = 0; n < count; n++) {
      const table = newest[n % newest.length];
      if (table === undefined) throw new Error('capture has written no schema history');
      const isLast = n >= count - newest.length;
      const batches = [
        batchOf(table, isLast ? {} : ({ version: 1000 + n } satisfies Version)),
        batchOf(statement, {
          payload: { ...payloadOf(statement), id: formatSequence(1, 1, n + 1) },
        } satisfies Statement),
      ];
      await publisher.publish(batches, signal);
    }
  } finally {
    await publisher.close();
  }
}

/** What stands in the two topics, for the report. */
export async function topicSizes(pipeline: CapturePipeline): Promise<string> {
  const lines: string[] = [];
  for (const topic of [schemaHistoryTopic(pipeline.name), ddlTopic(pipeline.name)]) {
    const records = await recordsOf(pipeline, topic);
    const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    lines.push(`${topic}: ${records.length} records, ${(bytes / 1e6).toFixed(1)} MB`);
  }
  return lines.join('\n');
}

async function recordsOf({ reader }: CapturePipeline, topic: string): Promise<TopicRecord[]> {
  const records: TopicRecord[] = [];
  await reader.readTopic(topic, {}, (record) => records.push(record));
  return records;
}

function payloadOf({ value }: TopicRecord): object {
  return (JSON.parse(String(value)) as Statement).payload;
}

function batchOf(
  { topic, key, value }: TopicRecord,
  changes: object,
): {
  readonly topic: string;
  readonly partition: number;
  readonly batch: RecordBatchBuilder;
} {
  const out = new ByteWriter(4096);
  const batch = new RecordBatchBuilder(out);
  const text = Buffer.from(JSON.stringify({ ...(JSON.parse(String(value)) as object), ...changes }));
  batch.begin(Date.now());
  batch.key(key ?? Buffer.alloc(0), 0, key?.length ?? 0);
  batch.beginValue();
  out.reserve(text.length);
  text.copy(out.bytes, out.position);
  out.position += text.length;
  batch.endValue();
  batch.headerCount(0);
  batch.end();
  return { topic, partition: 0, batch };
}
