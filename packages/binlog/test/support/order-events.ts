import { eventBytes, inOrder, rowsBody, tableMapBody, uint, type ColumnBytes } from './event-bytes.ts';

const COLUMNS: readonly ColumnBytes[] = [
  { name: 'id', type: 8, unsigned: true },
  { name: 'customer_id', type: 3 },
  { name: 'sku', type: 15, meta: uint(160, 2) },
  { name: 'quantity', type: 3 },
  { name: 'price', type: 246, meta: Buffer.of(12, 2) },
  { name: 'status', type: 254, meta: Buffer.of(247, 1), members: ['new', 'paid', 'shipped'] },
  { name: 'note', type: 15, meta: uint(800, 2) },
  { name: 'created_at', type: 18, meta: Buffer.of(6) },
  { name: 'updated_at', type: 17, meta: Buffer.of(6) },
  { name: 'flag', type: 1 },
];

export const ORDER_COLUMNS = COLUMNS.length;
const TABLE_ID = 108;
const NOTE = 'x'.repeat(110);

/** GTID, BEGIN, table map, one rows event and XID: a transaction that inserts orders. */
export function orderEvents(options: { readonly rows: number; readonly checksum: boolean }): Buffer[] {
  const { checksum } = options;
  const images = Array.from({ length: options.rows }, (_, index) => orderImage(index + 1));
  const bodies: readonly (readonly [number, Buffer])[] = [
    [33, gtidBody()],
    [2, queryBody('BEGIN')],
    [19, tableMapBody(TABLE_ID, 'shop', 'orders', COLUMNS)],
    [30, rowsBody({ tableId: TABLE_ID, columns: COLUMNS.length, images })],
    [16, Buffer.alloc(8, 1)],
  ];
  return inOrder(
    4,
    bodies.map(
      ([type, body]) =>
        (position) =>
          eventBytes({ type, position, checksum }, body),
    ),
  );
}

export function queryBody(sql: string): Buffer {
  return Buffer.concat([Buffer.alloc(8), Buffer.of(4), uint(0, 2), uint(0, 2), Buffer.from(`shop\0${sql}`)]);
}

function gtidBody(): Buffer {
  return Buffer.concat([
    Buffer.of(0),
    Buffer.alloc(16, 0x1f),
    uint(3005, 6),
    uint(0, 2),
    Buffer.of(2),
    Buffer.alloc(16),
    uint(1_795_252_177, 6),
    Buffer.of(0, 0, 0, 0, 0, 0),
  ]);
}

function orderImage(id: number): Buffer {
  const sku = Buffer.from(`SKU-${String(id).padStart(8, '0')}`);
  const decimal = Buffer.alloc(6);
  decimal[0] = 0x80;
  decimal.writeUInt32BE(id, 1);
  decimal[5] = 50;
  return Buffer.concat([
    Buffer.of(0, 0),
    uint(id, 6),
    uint(0, 2),
    uint(id % 5000, 4),
    Buffer.of(sku.length),
    sku,
    uint(3, 4),
    decimal,
    Buffer.of(1 + (id % 3)),
    uint(NOTE.length, 2),
    Buffer.from(NOTE),
    Buffer.from('99bb6a9162038eed', 'hex'),
    Buffer.from('6b0171d1038eed', 'hex'),
    Buffer.of(1),
  ]);
}
