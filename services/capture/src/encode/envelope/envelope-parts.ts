import type { RowOperation } from '@sluice/envelope';
import { encodeHeader, encodeHeaderCount } from '@sluice/kafka';
import { VERSION } from '@sluice/runtime';

/*
 * The constant bytes of a row's envelope (version 1), in their order, and of its record headers. What stands before
 * them depends on the table: `TableParts.head`.
 */
export const POSITION_FILE = Buffer.from(',"position":{"file":');
export const OFFSET = Buffer.from(',"offset":');
export const ROW = Buffer.from(',"row":');
export const GTID = Buffer.from('},"gtid":');
export const OPERATION_UP_TO_SEQUENCE = byOperation((operation) =>
  Buffer.from(`,"snapshot":${operation === 'SNAPSHOT'}},"operation":"${operation}","sequence":"`),
);
export const KEY = Buffer.from('","key":');
export const BEFORE = Buffer.from(',"before":');
export const AFTER = Buffer.from(',"after":');
export const NO_BEFORE_AFTER = Buffer.from(',"before":null,"after":');
export const NO_AFTER = Buffer.from(',"after":null');
export const TRANSACTION_ID = Buffer.from(
  `,"metadata":{"connector":"sluice","version":${JSON.stringify(VERSION)},"transaction_id":`,
);
export const EVENT_INDEX = Buffer.from(',"event_index":');
export const CAPTURED_AT = Buffer.from(',"captured_at":');
export const CLOSE = Buffer.from('}}}');
export const NULL = Buffer.from('null');

const SEQUENCE_DIGITS = 19;

/** Number of headers, header `operation`, and header `sequence` up to its value, which has always the same length. */
const UP_TO_SEQUENCE = encodeHeader('sequence', '0'.repeat(SEQUENCE_DIGITS)).subarray(0, -SEQUENCE_DIGITS);
export const HEADERS = byOperation((operation) =>
  Buffer.concat([encodeHeaderCount(3), encodeHeader('operation', operation), UP_TO_SEQUENCE]),
);
/** Take the place of the number of headers where a link to the other half of a key change, a `traceparent` or both are added. */
export const ONE_HEADER_MORE = encodeHeaderCount(4);
export const TWO_HEADERS_MORE = encodeHeaderCount(5);

function byOperation(bytes: (operation: RowOperation) => Buffer): Readonly<Record<RowOperation, Buffer>> {
  return {
    INSERT: bytes('INSERT'),
    UPDATE: bytes('UPDATE'),
    DELETE: bytes('DELETE'),
    SNAPSHOT: bytes('SNAPSHOT'),
  };
}
