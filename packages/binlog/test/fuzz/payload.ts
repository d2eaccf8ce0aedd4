import { EventCursor } from '../../src/event-cursor.ts';
import { readPayload, unpackAtOnce } from '../../src/inflate.ts';
import { eventBytes } from '../support/event-bytes.ts';
import { payloadBody } from '../support/payload-bytes.ts';

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
  const body = new EventCursor(payload, HEADER_BYTES, payload.length - CHECKSUM_BYTES);
  const inside = unpackAtOnce(readPayload(body));
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
  const body = payloadBody(Buffer.concat(events), 'none');
  return eventBytes({ type: TRANSACTION_PAYLOAD, checksum: true }, body);
}
