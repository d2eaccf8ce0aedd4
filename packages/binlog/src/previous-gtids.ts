import type { EventCursor } from './event-cursor.ts';

/** The top byte of the number of sources tells of tags: https://dev.mysql.com/doc/dev/mysql-server/latest/classGtid__set.html */
const TAGGED_AT = 7;

/**
 * PREVIOUS_GTIDS (MySQL, `Gtid_set::encode`): all transactions of earlier files, those that are purged included, as the server writes a
 * set. Null where tags are among them, which this form does not have.
 */
export function readPreviousGtids(cursor: EventCursor): string | null {
  if (cursor.source[cursor.position + TAGGED_AT] !== 0) return null;
  const sources = Number(cursor.uint64());
  const parts: string[] = [];
  for (let source = 0; source < sources; source++) {
    const uuid = cursor.take(16).toString('hex');
    const intervals = Number(cursor.uint64());
    let text = uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
    for (let interval = 0; interval < intervals; interval++) {
      const first = cursor.uint64();
      const last = BigInt(cursor.uint64()) - 1n;
      text += BigInt(first) === last ? `:${first}` : `:${first}-${last}`;
    }
    parts.push(text);
  }
  return parts.join(',');
}
