import { eventBytes, rowsBody, tableMapBody, uint, type ColumnBytes } from './event-bytes.ts';
import { diffBytes } from './diff-bytes.ts';
import { jsonbBytes } from './jsonb-bytes.ts';
import { orderEvents } from './order-events.ts';
import { payloadBody } from './payload-bytes.ts';

const COLUMNS: readonly ColumnBytes[] = [
  { name: 'id', type: 3 },
  { name: 'j', type: 245, meta: Buffer.of(4) },
  { name: 'b', type: 252, meta: Buffer.of(2), collation: 63 },
  { name: 's', type: 254, meta: Buffer.of(248, 1), members: ['a', 'b', 'c'] },
  { name: 'd', type: 246, meta: Buffer.of(20, 5) },
  { name: 't', type: 19, meta: Buffer.of(6) },
  { name: 'bit', type: 16, meta: Buffer.of(2, 1) },
  { name: 'g', type: 255, meta: Buffer.of(4) },
  { name: 'f', type: 4, meta: Buffer.of(4) },
  { name: 'c', type: 254, meta: Buffer.of(254, 20), collation: 63 },
  { name: 'x', type: 15, meta: uint(300, 2), collation: 28 },
  { name: 'old', type: 12 },
];

const DOCUMENT = jsonbBytes({ a: [1, 2.5, 'x'], b: { c: null, d: [true, [false]] } });

/** Valid streams of events that together touch most of the decoder. */
export function validStreams(): Buffer[][] {
  const orders = orderEvents({ rows: 3, checksum: false });
  const table = eventBytes({ type: 19 }, tableMapBody(9, 'shop', 'all_types', COLUMNS));
  const rows = eventBytes(
    { type: 31 },
    rowsBody({ tableId: 9, columns: COLUMNS.length, update: true, images: [image(), image()] }),
  );
  const partial = eventBytes(
    { type: 39 },
    rowsBody({
      tableId: 9,
      columns: COLUMNS.length,
      update: true,
      images: [image(), partialImage(), image(), whole()],
    }),
  );
  const inner = Buffer.concat(orders);
  return [
    orders,
    [table, rows],
    [table, partial],
    [eventBytes({ type: 40 }, payloadBody(inner, 'none'))],
    [eventBytes({ type: 40 }, payloadBody(inner, 'zstd'))],
    [tagged()],
  ];
}

/** The JSON column as differences: value options 1, and the bit of the only JSON column. */
function partialImage(): Buffer {
  const differences = diffBytes([
    { operation: 'replace', path: '$.a[1]', value: { d: 'y' } },
    { operation: 'insert', path: '$.b."e f"', value: [null] },
    { operation: 'remove', path: '$.b.d[last]' },
  ]);
  return Buffer.concat([Buffer.of(1, 1), image(differences)]);
}

function whole(): Buffer {
  return Buffer.concat([Buffer.of(0), image()]);
}

function image(json = DOCUMENT): Buffer {
  return Buffer.concat([
    Buffer.of(0, 0),
    uint(7, 4),
    uint(json.length, 4),
    json,
    uint(3, 2),
    Buffer.of(1, 2, 3),
    Buffer.of(5),
    Buffer.from('80000000010000000000', 'hex'),
    Buffer.from('7f0000000000', 'hex'),
    Buffer.of(3, 255),
    uint(25, 4),
    Buffer.from('00000000010100000000000000000000000000000000000000', 'hex'),
    Buffer.of(0, 0, 0x48, 0x41),
    Buffer.of(2, 1, 2),
    uint(4, 2),
    Buffer.from('d6d0cec4', 'hex'),
    uint(20_261_121, 6),
    uint(0, 2),
  ]);
}

function tagged(): Buffer {
  const uuid = Buffer.alloc(16, 0x1e);
  const message = Buffer.concat([
    Buffer.of(0, 0, 2),
    uuid,
    Buffer.of(4, 20, 6, 6, 0x61, 0x62, 0x63, 8, 0, 10, 4),
  ]);
  return eventBytes({ type: 42 }, Buffer.concat([Buffer.of(2, (message.length + 3) * 2, 8), message]));
}
