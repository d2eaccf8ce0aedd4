import { expect, test } from 'vitest';
import type { StreamPosition } from '../../src/model/position.ts';
import { StreamPlace } from '../../src/stream/stream-place.ts';
import { newTransaction } from '../../src/stream/stream-transaction.ts';

const TRANSACTION = newTransaction();

const RESUME = {
  file: 'binlog.000002',
  position: 100,
  floor: 140,
  publishedThrough: { fileNumber: 2, offset: 305 },
  highest: '0010000020000000305',
  fileCreatedAt: 7,
  gtidsUntil: null as StreamPosition | null,
};

function placeOf(resume: Partial<typeof RESUME> = {}): StreamPlace {
  const place = new StreamPlace(1, { ...RESUME, ...resume });
  place.enterFile(RESUME.file, RESUME.position);
  return place;
}

test('a reading that begins again skips what was published, until its first transaction ends', () => {
  const place = placeOf();
  expect([300, 305, 306].map((offset) => place.wasPublished(offset))).toEqual([true, true, false]);
  expect(place.isSkipping).toBe(true);
  place.close(400);
  expect([place.isSkipping, place.wasPublished(300)]).toEqual([false, false]);
});

test('of a later file nothing was published, of an earlier one everything', () => {
  const place = placeOf();
  place.enterFile('binlog.000003', 4);
  expect(place.wasPublished(4)).toBe(false);
  place.enterFile('binlog.000001', 4);
  expect(place.wasPublished(9_999)).toBe(true);
});

test('numbers continue where those of an earlier reading ended, in its own file only', () => {
  const place = placeOf();
  expect(place.sequence.next(101, 0)).toBe(141);
  expect(place.highest).toBe(RESUME.highest);
  place.enterFile('binlog.000003', 4);
  expect(place.sequence.next(101, 0)).toBe(101);
  expect(place.highest).toBe('0010000030000000101');
});

test('a heartbeat moves the place forward, and leaves what a SELECT must see', () => {
  const place = placeOf();
  place.close(400);
  place.passOver({ file: RESUME.file, position: 900 });
  place.passOver({ file: RESUME.file, position: 500 });
  expect(place.position.position).toBe(900);
  const closed = { open: false, gtid: null, start: 0 };
  expect(place.progress({ ...TRANSACTION, ...closed }, 'set')).toEqual({
    gtidSet: 'set',
    position: { file: RESUME.file, position: 400 },
  });
});

test('a SELECT must see the open transaction, by its GTID or by its first event', () => {
  const place = placeOf();
  const position = { file: RESUME.file, position: 501 };
  const open = { ...TRANSACTION, open: true, start: 500 };
  expect(place.progress({ ...open, gtid: 'g:3' }, 'g:1-2')).toEqual({ gtidSet: 'g:1-2,g:3', position });
  expect(place.progress({ ...open, gtid: 'g:3' }, '')).toEqual({ gtidSet: 'g:3', position });
  expect(place.progress({ ...open, gtid: null }, 'g:1-2')).toEqual({ gtidSet: null, position });
});

test('a file of the same name that was created at another time is refused', () => {
  const place = placeOf();
  place.noteCreatedAt(7);
  expect(() => place.noteCreatedAt(8)).toThrow(expect.objectContaining({ code: 'SOURCE_DIVERGED' }));
  place.enterFile('binlog.000003', 4);
  expect(place.fileCreatedAt).toBe(0);
  place.noteCreatedAt(8);
  expect(place.fileCreatedAt).toBe(8);
});
