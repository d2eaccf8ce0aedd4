import { ByteWriter } from '@sluice/binlog';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  append,
  appendAll,
  appendInteger,
  appendThousandths,
  writeDigits,
} from '../../src/model/json-bytes.ts';
import { LatestText } from '../../src/encode/latest-text.ts';

function written(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter(1);
  out.reserve(3);
  out.bytes.write('<<<', 'latin1');
  out.position = 3;
  write(out);
  expect(out.bytes.toString('latin1', 0, 3)).toBe('<<<');
  return out.bytes.toString('utf8', 3, out.position);
}

test('integers are written as JSON has them (fast-check prints the seed of a failure)', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(written((out) => appendInteger(out, value))).toBe(String(value));
    }),
  );
  for (const value of [0, 9, 10, 99_999, 100_000, 9_999_999_999, Number.MAX_SAFE_INTEGER]) {
    expect(written((out) => appendInteger(out, value))).toBe(String(value));
  }
});

test('microseconds are written as the number of milliseconds that JSON.stringify gives', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000_000 }), (micros) => {
      expect(written((out) => appendThousandths(out, micros))).toBe(JSON.stringify(micros / 1000));
    }),
    { numRuns: 1000 },
  );
  for (const micros of [
    0, 1, 10, 100, 1000, 1_795_265_699_281_100, 1_795_265_699_281_120, 1_795_265_699_281_123,
  ]) {
    expect(written((out) => appendThousandths(out, micros))).toBe(JSON.stringify(micros / 1000));
  }
});

test('digits fill their places with leading zeros', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_999_999_999 }), (value) => {
      const target = Buffer.from('<<<<<<<<<<<<');
      writeDigits(target, 1, value, 10);
      expect(target.toString()).toBe(`<${String(value).padStart(10, '0')}<`);
    }),
  );
});

test('copies of any length are whole, whatever room there was', () => {
  for (let length = 0; length < 100; length++) {
    const source = Buffer.from('abcdefghij'.repeat(12));
    const text = source.toString('latin1', 0, length);
    expect(written((out) => append(out, source, length))).toBe(text);
    expect(written((out) => appendAll(out, source.subarray(0, length)))).toBe(text);
  }
});

test('the latest text follows its text, of any length and alphabet', () => {
  const plain = new LatestText();
  const quoted = new LatestText('"');
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 400 })), (texts) => {
      for (const text of texts) {
        expect(plain.of(text).toString()).toBe(text.toWellFormed());
        expect(quoted.of(text).toString()).toBe(`"${text.toWellFormed()}"`);
      }
    }),
  );
});
