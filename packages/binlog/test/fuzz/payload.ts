import { EventCursor } from '../../src/event-cursor.ts';
import { readPayload } from '../../src/inflate.ts';
import { eventBytes, uint } from '../support/event-bytes.ts';

const TRANSACTION_PAYLOAD = 40;
const TYPE_AT = 4;
const LENGTH_AT = 9;
const HEADER_BYTES = 19;
const CHECKSUM_BYTES = 4;

export function isPayload(event: Buffer): boolean {
  return event[TYPE_AT] === TRANSACTION_PAYLOAD;
}

/** The events of a compressed transaction; they have no checksums. */
export function eventsInside(payload: Buffer): Buffer[] {
  const inside = readPayload(new EventCursor(payload, HEADER_BYTES, payload.length - CHECKSUM_BYTES));
  const events: Buffer[] = [];
  for (let at = 0; at < inside.length;) {
    const length = inside.readUInt32LE(at + LENGTH_AT);
    events.push(Buffer.from(inside.subarray(at, at + length)));
    at += length;
  }
  return events;
}

/** A transaction of these events, "compressed" with algorithm 255, which is none, with a valid checksum. */
export function payloadOf(events: readonly Buffer[]): Buffer {
  for (const event of events) if (event.length >= HEADER_BYTES) event.writeUInt32LE(event.length, LENGTH_AT);
  const bytes = Buffer.concat(events);
  const size = Buffer.concat([Buffer.of(0xfe), uint(bytes.length, 6), Buffer.alloc(2)]);
  const fields = [
    Buffer.of(1, size.length),
    size,
    Buffer.of(3, size.length),
    size,
    Buffer.of(2, 3, 0xfc, 255, 0, 0),
  ];
  return eventBytes({ type: TRANSACTION_PAYLOAD, checksum: true }, Buffer.concat([...fields, bytes]));
}
