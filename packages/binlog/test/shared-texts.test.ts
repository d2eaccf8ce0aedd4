import { expect, test } from 'vitest';
import { decodeText } from '../src/charsets.ts';

/** What docs/limits.md says of keys: the servers' own conversion to UTF-8 makes one text of these. */
test.each([
  ['cp932', '81ca', 'fa54'],
  ['gbk', 'aaa1', 'aaa2'],
  ['big5', 'a2cc', 'a2ce'],
  ['euckr', 'c9a1', 'c9a2'],
  ['gb2312', 'a2a1', 'a2a2'],
  ['sjis', '8740', '8741'],
  ['ujis', 'ada1', 'ada2'],
])('two codes of %s are one text: %s and %s', (charset, ...codes) => {
  const [one, other] = codes.map((hex) => decodeText(Buffer.from(hex, 'hex'), charset));
  expect(one).toBe(other);
});
