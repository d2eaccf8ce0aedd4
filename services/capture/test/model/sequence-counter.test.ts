import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SequenceCounter } from '../../src/model/sequence-counter.ts';

describe('SequenceCounter', () => {
  test('numbers an image by the start of its event and its place in it', () => {
    const counter = new SequenceCounter(1);
    counter.enterFile(2, 0);
    expect(counter.next(53_760_842, 7)).toBe(53_760_849);
    expect(counter.current()).toBe('0010000020053760849');
  });

  test('goes on from the last number where a compressed event holds more images than bytes', () => {
    const counter = new SequenceCounter(1);
    counter.enterFile(1, 0);
    for (let image = 0; image < 400; image++) counter.next(1000, image);
    expect(counter.next(1346, 0)).toBe(1400);
    expect(counter.next(1347, 0)).toBe(1401);
    expect(counter.next(5000, 0)).toBe(5000);
  });

  test('skipping images of tables that are not captured never renumbers those that are', () => {
    const events = fc.array(fc.record({ gap: fc.nat(300), images: fc.nat(500), captured: fc.boolean() }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(events, (list) => {
        const all = new SequenceCounter(1);
        const some = new SequenceCounter(1);
        all.enterFile(1, 4);
        some.enterFile(1, 4);
        let start = 4;
        for (const event of list) {
          for (let i = 0; i < event.images; i++) {
            const offset = all.next(start, i);
            if (event.captured) expect(some.next(start, i)).toBe(offset);
          }
          if (!event.captured) some.skip(start, event.images);
          expect(some.floor).toBe(all.floor);
          start += event.gap + 1;
        }
      }),
    );
  });

  test('a second reading that begins at a floor numbers as the first did', () => {
    const first = new SequenceCounter(1);
    first.enterFile(1, 0);
    for (let image = 0; image < 900; image++) first.next(100, image);
    const floor = first.floor;
    const offset = first.next(400, 0);
    const second = new SequenceCounter(1);
    second.enterFile(1, floor);
    expect(second.next(400, 0)).toBe(offset);
  });

  test('never wraps: an eleventh digit stops it', () => {
    const counter = new SequenceCounter(1);
    counter.enterFile(1, 0);
    expect(counter.next(9_999_999_999, 0)).toBe(9_999_999_999);
    expect(() => counter.next(10, 0)).toThrow(expect.objectContaining({ code: 'SEQUENCE_EXHAUSTED' }));
  });
});
