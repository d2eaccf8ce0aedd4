import { GtidSet } from '@vlasky/zongji';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GtidTracker } from '../../src/source/gtid-tracker.ts';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = '2c256447-3f0d-431b-9a25-bddf1f1f6ef6';

describe('GtidTracker', () => {
  test('keeps holes and several servers', () => {
    const tracker = new GtidTracker('mysql', `${A}:1-10`);
    for (const gtid of [`${A}:11`, `${A}:12`, `${B}:7`, `${A}:14`]) tracker.add(gtid);
    expect(tracker.toString()).toBe(`${B}:7,${A}:1-12:14`);
  });

  test('keeps tags apart', () => {
    const tracker = new GtidTracker('mysql', '');
    for (const gtid of [`${A}:1`, `${A}:app:2`, `${A}:app:3`]) tracker.add(gtid);
    expect(tracker.toString()).toBe(`${A}:1:app:2-3`);
  });

  test('MariaDB: the last number of each domain, exact beyond 2^53', () => {
    const tracker = new GtidTracker('mariadb', '0-1-5,1-3-9');
    for (const gtid of ['0-1-6', '0-1-7', '1-3-9007199254740995']) tracker.add(gtid);
    expect(tracker.toString()).toBe('0-1-7,1-3-9007199254740995');
  });

  test('MariaDB: a server that counts anew was reset, another server counts by itself', () => {
    const tracker = new GtidTracker('mariadb', '0-1-5,1-3-9');
    tracker.add('0-1-6');
    tracker.add('0-2-4');
    tracker.add('0-2-5');
    expect(() => tracker.add('0-2-2')).toThrow('0-2-2 follows 0-2-5');
    const again = (): void => new GtidTracker('mariadb', '0-1-5').add('0-1-5');
    expect(again).toThrow(expect.objectContaining({ code: 'SOURCE_DIVERGED' }));
  });

  test('agrees with the exact set whatever comes, and whenever it is asked', () => {
    const gtid = fc
      .tuple(fc.constantFrom(A, B, `${A}:t`), fc.integer({ min: 1, max: 12 }))
      .map(([source, n]) => `${source}:${n}`);
    fc.assert(
      fc.property(fc.array(fc.tuple(gtid, fc.boolean())), (list) => {
        const tracker = new GtidTracker('mysql', '');
        const exact = new GtidSet();
        for (const [next, ask] of list) {
          tracker.add(next);
          exact.add(next);
          if (ask) expect(tracker.toString()).toBe(exact.toString());
        }
        expect(tracker.toString()).toBe(exact.toString());
      }),
    );
  });
});
