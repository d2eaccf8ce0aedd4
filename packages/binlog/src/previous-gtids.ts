import type { EventCursor } from './event-cursor.ts';
import { readTag } from './serialized.ts';

/** https://dev.mysql.com/doc/dev/mysql-server/latest/classGtid__set.html: the top byte of the number of sources names the form. */
const FORM_AT = 56n;
const TAGGED_FORM = 1n;
/** In the form with tags (MySQL 8.3 and later) the lowest byte repeats it; between both is the number. */
const COUNT_AT = 8n;
const COUNT_BITS = 48;

/**
 * PREVIOUS_GTIDS (MySQL, `Gtid_set::encode`): all transactions of earlier files, those that are purged included, as the server writes a
 * set: `uuid:1-5:tag:1,…`. Null for a form that is not known.
 */
export function readPreviousGtids(cursor: EventCursor): string | null {
  const head = BigInt(cursor.uint64());
  const form = head >> FORM_AT;
  if (form > TAGGED_FORM) return null;
  const isTagged = form === TAGGED_FORM;
  const sources = Number(isTagged ? BigInt.asUintN(COUNT_BITS, head >> COUNT_AT) : head);
  const parts: string[] = [];
  let before = '';
  for (let source = 0; source < sources; source++) {
    const uuid = cursor.take(16).toString('hex');
    const tag = isTagged ? readTag(cursor) : '';
    const own = [...(tag === '' ? [] : [tag]), ...readIntervals(cursor)].join(':');
    // A UUID with a tag is a source of its own, behind the same UUID without one.
    if (uuid === before) parts.push(`${parts.pop()}:${own}`);
    else parts.push(`${uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5')}:${own}`);
    before = uuid;
  }
  return parts.join(',');
}

function readIntervals(cursor: EventCursor): string[] {
  const count = Number(cursor.uint64());
  const intervals: string[] = [];
  for (let interval = 0; interval < count; interval++) {
    const first = BigInt(cursor.uint64());
    const last = BigInt(cursor.uint64()) - 1n;
    intervals.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return intervals;
}
