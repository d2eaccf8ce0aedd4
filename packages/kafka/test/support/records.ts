import { RecordBatchBuilder } from '../../src/index.ts';
import { BufferTarget } from './buffer-target.ts';

export interface TestRecord {
  readonly timestamp?: number;
  readonly key: string;
  /** null writes a tombstone. */
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes one record the way capture does: the value's bytes go straight into the target. */
export function addRecord(builder: RecordBatchBuilder, record: TestRecord): void {
  const key = Buffer.from(record.key);
  builder.begin(record.timestamp ?? 1_795_252_177_716);
  builder.key(key, 0, key.length);
  if (record.value === null) {
    builder.nullValue();
  } else {
    const value = Buffer.from(record.value);
    builder.beginValue();
    builder.out.reserve(value.length);
    value.copy(builder.out.bytes, builder.out.position);
    builder.out.position += value.length;
    builder.endValue();
  }
  const headers = Object.entries(record.headers ?? {});
  builder.headerCount(headers.length);
  for (const [name, text] of headers) {
    const bytes = Buffer.from(text);
    builder.header(Buffer.from(name), bytes, 0, bytes.length);
  }
  builder.end();
}

export function batchOf(records: readonly TestRecord[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder(new BufferTarget());
  for (const record of records) addRecord(builder, record);
  return builder;
}
