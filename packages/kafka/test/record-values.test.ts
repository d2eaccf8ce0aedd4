import { expect, test } from 'vitest';
import { RecordBatchBuilder } from '../src/record-batch-builder.ts';
import { recordValues } from '../src/record-values.ts';
import { BufferTarget } from './support/buffer-target.ts';

test('the values of finished records, in their order, whatever their lengths', () => {
  const batch = new RecordBatchBuilder(new BufferTarget());
  const values = ['', 'a', 'b'.repeat(63), 'c'.repeat(64), null, 'd'.repeat(9000), 'e'];
  const key = Buffer.from('key');
  for (const [index, value] of values.entries()) {
    // Far apart, so that differences of time take more than 31 bits.
    batch.begin(1_700_000_000_000 + index * 2 ** 32);
    batch.key(key, 0, index % 2 === 0 ? key.length : 0);
    if (value === null) batch.nullValue();
    else {
      batch.beginValue();
      batch.out.reserve(value.length);
      batch.out.position += batch.out.bytes.write(value, batch.out.position);
      batch.endValue();
    }
    batch.headerCount(0);
    batch.end();
  }
  batch.begin(0);
  batch.key(key, 0, key.length);
  expect([...recordValues(batch)].map(String)).toEqual(values.filter((value) => value !== null));
});
