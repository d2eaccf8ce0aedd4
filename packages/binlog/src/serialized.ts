import { BinlogError } from './errors.ts';
import type { EventCursor } from './event-cursor.ts';

/* Parts of the server's own format of messages (MySQL source documentation, "MySQL Serialization Library"). */

const MAX_TAG_LENGTH = 32;
/** MySQL manual, "Format of GTIDs": the server makes capitals small. */
const TAG = /^[a-z_][a-z0-9_]*$/u;

/** One to nine bytes: as many bytes follow the first as it has trailing one bits. */
export function readVarint(cursor: EventCursor): bigint {
  const first = cursor.uint(1);
  let extra = 0;
  while (extra < 8 && ((first >> extra) & 1) === 1) extra++;
  if (extra === 8) return cursor.uint64();
  let rest = 0n;
  for (let index = 0; index < extra; index++) rest |= BigInt(cursor.uint(1)) << BigInt(8 * index);
  return BigInt(first >> (extra + 1)) | (rest << BigInt(7 - extra));
}

/** The tag of a GTID; '' for none. */
export function readTag(cursor: EventCursor): string {
  const length = Number(readVarint(cursor));
  if (length > MAX_TAG_LENGTH) throw new BinlogError('EVENT_MALFORMED', 'the tag of a GTID is too long');
  const tag = cursor.text(length);
  if (tag !== '' && !TAG.test(tag)) throw new BinlogError('EVENT_MALFORMED', 'the tag of a GTID is no tag');
  return tag;
}
