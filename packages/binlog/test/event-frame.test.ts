import { expect, test } from 'vitest';
import { BinlogError } from '../src/errors.ts';
import { EventFrame } from '../src/event-frame.ts';
import { EVENT, FLAG } from '../src/event-types.ts';
import { eventBytes } from './support/event-bytes.ts';

const BODY = Buffer.from('body');

function frameOf(checksum: boolean, contiguous = false): EventFrame {
  return new EventFrame({ flavour: 'mysql', checksum, file: 'binlog.000001', position: 4, contiguous });
}

function errorOf(work: () => unknown): BinlogError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof BinlogError) return error;
    throw error;
  }
}

test('the body of an event with a checksum ends before it', () => {
  const event = eventBytes({ type: EVENT.XID, position: 31, checksum: true }, BODY);
  const frame = frameOf(true);
  expect(frame.open(event)).toBe(23);
  expect(frame.header).toMatchObject({ type: EVENT.XID, start: 4, end: 31, serverId: 11 });
});

test('an event made for the reader has the place of the one before it', () => {
  const frame = frameOf(false);
  frame.open(eventBytes({ type: EVENT.XID, position: 27 }, BODY));
  frame.open(eventBytes({ type: EVENT.HEARTBEAT, position: 900 }, BODY));
  expect([frame.header.start, frame.header.end]).toEqual([27, 27]);
  frame.open(eventBytes({ type: EVENT.ROTATE, flags: FLAG.ARTIFICIAL, position: 0 }, BODY));
  expect([frame.header.start, frame.header.end, frame.isArtificial]).toEqual([27, 27, true]);
});

test('an event of another length than its header says is refused, as one with another checksum', () => {
  const event = eventBytes({ type: EVENT.XID, position: 31, checksum: true }, BODY);
  expect(errorOf(() => frameOf(true).open(event.subarray(0, 25)))?.code).toBe('EVENT_MALFORMED');
  event[20]! ^= 1;
  expect(errorOf(() => frameOf(true).open(event))?.code).toBe('CHECKSUM_MISMATCH');
  expect(frameOf(false).open(event)).toBe(27);
});

test('where every byte is sent, an event that begins further on is refused', () => {
  const later = eventBytes({ type: EVENT.XID, position: 100 }, BODY);
  expect(frameOf(false).open(later)).toBe(23);
  expect(errorOf(() => frameOf(false, true).open(later))?.code).toBe('EVENT_MISSING');
});

test('an event of a compressed transaction has the place that it is given, and holds no other one', () => {
  const frame = frameOf(true);
  frame.openInner(eventBytes({ type: EVENT.XID, position: 0 }, BODY), 500, 900);
  expect([frame.header.start, frame.header.end]).toEqual([500, 900]);
  const nested = eventBytes({ type: EVENT.TRANSACTION_PAYLOAD, position: 0 }, BODY);
  expect(errorOf(() => frame.openInner(nested, 500, 900))?.code).toBe('EVENT_UNSUPPORTED');
  expect(errorOf(() => frame.openInner(nested.subarray(0, 19), 500, 900))?.code).toBe('EVENT_MALFORMED');
});
