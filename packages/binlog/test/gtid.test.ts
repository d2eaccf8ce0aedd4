import { expect, test } from 'vitest';
import { EventCursor } from '../src/event-cursor.ts';
import { readMysqlGtid } from '../src/gtid.ts';
import { readTag } from '../src/serialized.ts';

function gtidOf(uuid: Buffer, number: bigint): string | null {
  const body = Buffer.alloc(25);
  uuid.copy(body, 1);
  body.writeBigUInt64LE(number, 17);
  return readMysqlGtid(new EventCursor(body, 0, body.length), false).gtid;
}

test('servers that take turns keep their own UUIDs', () => {
  const one = Buffer.from('803541eae5a311f18bda02fc00000001', 'hex');
  const other = Buffer.from('803541eae5a311f18bda02fc00000002', 'hex');
  const found = [one, one, other, one].map((uuid, i) => gtidOf(uuid, BigInt(i + 1)));
  expect(found).toEqual([
    '803541ea-e5a3-11f1-8bda-02fc00000001:1',
    '803541ea-e5a3-11f1-8bda-02fc00000001:2',
    '803541ea-e5a3-11f1-8bda-02fc00000002:3',
    '803541ea-e5a3-11f1-8bda-02fc00000001:4',
  ]);
});

test('the memory of an event may be used for the next', () => {
  const uuid = Buffer.alloc(16, 0xab);
  const text = 'abababab-abab-abab-abab-abababababab';
  expect(gtidOf(uuid, 1n)).toBe(`${text}:1`);
  uuid.fill(0xcd);
  expect(gtidOf(uuid, 1n)).toBe('cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd:1');
  expect(gtidOf(Buffer.alloc(16, 0xab), 1n)).toBe(`${text}:1`);
});

test.each([1n, 2n ** 32n, 2n ** 48n + 7n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 2n])(
  'number %s is told to its last digit',
  (number) => {
    expect(gtidOf(Buffer.alloc(16), number)).toBe(`00000000-0000-0000-0000-000000000000:${number}`);
  },
);

/** Its length as the serialization library writes a small number, and its bytes. */
function tagOf(text: string): string {
  const body = Buffer.from(`\0${text}`);
  body[0] = text.length << 1;
  return readTag(new EventCursor(body, 0, body.length));
}

test('a tag is what MySQL calls one: it goes into GTID sets, and into texts', () => {
  expect(['', 'a', '_backup_2', 'z'.repeat(32)].map(tagOf)).toEqual(['', 'a', '_backup_2', 'z'.repeat(32)]);
  for (const text of ['2a', 'A', 'a b', 'a\nDROP TABLE b;', "a'", 'é', 'a:1'])
    expect(() => tagOf(text)).toThrow('the tag of a GTID');
});
