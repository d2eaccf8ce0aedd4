import { BinlogError } from './errors.ts';
import type { EventCursor } from './event-cursor.ts';

const FIELD = { END: 0, FILE: 1, POSITION: 2 } as const;

/**
 * HEARTBEAT_LOG_EVENT_V2 (MySQL internals, "Heartbeat_event_v2"): fields of type, length and value, ended by type 0; the
 * position has 64 bits.
 */
export function readHeartbeatV2(cursor: EventCursor): { file: string; position: number } {
  let file = '';
  let position = 0;
  while (cursor.left > 0) {
    const field = cursor.lengthEncoded();
    if (field === FIELD.END) break;
    const length = cursor.lengthEncoded();
    const end = cursor.position + length;
    if (field === FIELD.FILE) file = cursor.text(length);
    else if (field === FIELD.POSITION) position = cursor.lengthEncoded();
    else cursor.skip(length);
    if (cursor.position !== end)
      throw new BinlogError('EVENT_MALFORMED', 'a heartbeat has a field of a wrong length');
  }
  return { file, position };
}
