import { describe, expect, test } from 'vitest';
import { GtidSet, MariadbPosition } from '../../src/orphans/gtid-set.ts';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = '4f22fa47-71ca-11e1-9e33-c80aa9429562';

describe('MySQL', () => {
  const parse = (text: string): GtidSet => GtidSet.parse('mysql', text);
  const minus = (left: string, right: string): string => parse(left).minus(parse(right)).toString();

  test.each([
    [`${A}:1-10`, `${A}:1-7`, `${A}:8-10`],
    [`${A}:1-10`, `${A}:3-4:8`, `${A}:1-2:5-7:9-10`],
    [`${A}:1-10,\n${B}:1-5`, `${B}:1-9`, `${A}:1-10`],
    [`${A}:1-5:deploy:1-3:9`, `${A}:1-5:deploy:1-2`, `${A}:deploy:3:9`],
    [`${A}:1-3:5`, `${A}:1-5`, ''],
    ['', `${A}:1`, ''],
    [`${A.toUpperCase()}:1-2`, `${A}:1`, `${A}:2`],
  ])('%s without %s', (left, right, expected) => {
    expect(minus(left, right)).toBe(expected);
  });

  test('what is in a set, by number and by tag', () => {
    const set = parse(`${A}:1-5:7,${B}:x:2`);
    const all = [`${A}:5`, `${A}:6`, `${A}:7`, `${B}:2`, `${B}:x:2`, `${A.toUpperCase()}:1`];
    expect(all.map((gtid) => set.has(gtid))).toEqual([true, false, true, false, true, true]);
  });

  test('single transactions make ranges, whatever their order', () => {
    const gtids = [3, 1, 2, 9].map((number) => `${A}:${number}`);
    expect(GtidSet.of('mysql', gtids).toString()).toBe(`${A}:1-3:9`);
    expect(parse(`${A}:4`).with(GtidSet.of('mysql', gtids)).toString()).toBe(`${A}:1-4:9`);
  });

  test.each([`${A}:1-`, `${A}:0x1`, `${A}:1--2`])('%s is refused', (text) => {
    expect(() => parse(text)).toThrow(RangeError);
  });
});

describe('MariaDB', () => {
  const parse = (text: string): GtidSet => GtidSet.parse('mariadb', text);

  test('domain by domain and server by server: an old master of as many transactions has none of the new one', () => {
    const [old, newer] = [parse('0-1-105,0-3-50,7-1-9'), parse('0-1-100,0-2-140,0-3-50,7-1-9')];
    expect(old.minus(newer).toString()).toBe('0-1-101 to 0-1-105');
    expect(['0-1-100', '0-1-101', '0-2-101', '7-1-9', '8-1-1'].map((gtid) => newer.has(gtid))).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  test('a server made of a backup knows all of a domain before what both have', () => {
    const old = parse('0-3-50,0-1-105');
    const newer = parse('0-1-100,0-2-101');
    expect(newer.has('0-3-50')).toBe(false);
    expect(newer.completedBy(old).has('0-3-50')).toBe(true);
    expect(old.minus(newer.completedBy(old)).toString()).toBe('0-1-101 to 0-1-105');
    // Of a server that it names it has no more than it says.
    const busy = parse('0-1-101,0-2-102');
    expect(busy.minus(parse('0-1-100,0-2-102').completedBy(busy)).toString()).toBe('0-1-101');
    // Another domain tells nothing of this one.
    expect(parse('1-1-900').completedBy(old).has('0-3-50')).toBe(false);
  });

  test('a position is the newest of each domain in the order of the binlog', () => {
    const position = new MariadbPosition('0-3-50,7-1-2');
    for (const gtid of ['0-1-51', '7-1-3', '0-1-52']) position.pass(gtid);
    expect(position.toString()).toBe('0-1-52,7-1-3');
  });
});
