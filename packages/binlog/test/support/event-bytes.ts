import { crc32 } from 'node:zlib';

export interface EventHeader {
  readonly type: number;
  readonly position?: number;
  readonly flags?: number;
  readonly timestamp?: number;
  readonly serverId?: number;
  readonly checksum?: boolean;
}

/** An event as the server sends it: 19 bytes of header, body, and the CRC32 when wanted. */
export function eventBytes(header: EventHeader, body: Buffer): Buffer {
  const length = 19 + body.length + (header.checksum === true ? 4 : 0);
  const event = Buffer.alloc(length);
  event.writeUInt32LE(header.timestamp ?? 1_795_252_177, 0);
  event[4] = header.type;
  event.writeUInt32LE(header.serverId ?? 11, 5);
  event.writeUInt32LE(length, 9);
  event.writeUInt32LE((header.position ?? 0) >>> 0, 13);
  event.writeUInt16LE(header.flags ?? 0, 17);
  body.copy(event, 19);
  if (header.checksum === true) event.writeUInt32LE(crc32(event.subarray(0, length - 4)), length - 4);
  return event;
}

/** Gives each event the position at which it ends, one after the other. */
export function inOrder(start: number, events: readonly ((position: number) => Buffer)[]): Buffer[] {
  let position = start;
  return events.map((make) => {
    position += make(0).length;
    return make(position);
  });
}

export function lengthEncoded(value: number): Buffer {
  if (value < 0xfb) return Buffer.of(value);
  return Buffer.from([0xfc, value & 0xff, value >> 8]);
}

export function uint(value: number, width: number): Buffer {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntLE(value, 0, width);
  return bytes;
}

/** Type, length and value of an optional metadata field. */
export function metadataField(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type), lengthEncoded(value.length), value]);
}

export interface ColumnBytes {
  readonly name: string;
  readonly type: number;
  readonly meta?: Buffer;
  readonly unsigned?: boolean;
  readonly collation?: number;
  readonly members?: readonly string[];
}

const NUMERIC = new Set([1, 2, 3, 4, 5, 8, 9, 13, 246]);
const TEXT = new Set([15, 252, 253, 254]);

/** Body of a TABLE_MAP event with FULL metadata; every column may be null, the first is the key. */
export function tableMapBody(
  tableId: number,
  database: string,
  table: string,
  columns: readonly ColumnBytes[],
): Buffer {
  const meta = Buffer.concat(columns.map((column) => column.meta ?? Buffer.alloc(0)));
  return Buffer.concat([
    uint(tableId, 6),
    uint(1, 2),
    named(database),
    named(table),
    lengthEncoded(columns.length),
    Buffer.from(columns.map((column) => column.type)),
    lengthEncoded(meta.length),
    meta,
    Buffer.alloc((columns.length + 7) >> 3, 0xff),
    ...optionalMetadata(columns),
  ]);
}

function optionalMetadata(columns: readonly ColumnBytes[]): Buffer[] {
  const numeric = columns.filter((column) => NUMERIC.has(column.type));
  const bits = Buffer.alloc((numeric.length + 7) >> 3);
  numeric.forEach((column, index) => {
    if (column.unsigned === true || column.type === 13) bits[index >> 3]! |= 0x80 >> (index & 7);
  });
  const isMember = (column: ColumnBytes): boolean => column.members !== undefined;
  const text = columns.filter((column) => TEXT.has(column.type) && !isMember(column));
  const enums = columns.filter((column) => isMember(column) && column.meta![0] === 247);
  const sets = columns.filter((column) => isMember(column) && column.meta![0] === 248);
  return [
    metadataField(1, bits),
    metadataField(3, Buffer.concat(text.map((column) => lengthEncoded(column.collation ?? 45)))),
    metadataField(4, Buffer.concat(columns.map((column) => sized(column.name)))),
    ...(sets.length > 0 ? [metadataField(5, Buffer.concat(sets.map(memberList)))] : []),
    ...(enums.length > 0 ? [metadataField(6, Buffer.concat(enums.map(memberList)))] : []),
    metadataField(8, Buffer.of(0)),
  ];
}

function memberList(column: ColumnBytes): Buffer {
  return Buffer.concat([lengthEncoded(column.members!.length), ...column.members!.map(sized)]);
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([lengthEncoded(bytes.length), bytes]);
}

function named(text: string): Buffer {
  return Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(`${text}\0`)]);
}

export interface RowsBytes {
  readonly tableId: number;
  readonly columns: number;
  readonly update?: boolean;
  /** Row images, null bitmap included. */
  readonly images: readonly Buffer[];
  readonly flags?: number;
}

/** Body of a rows event of the second version. */
export function rowsBody(rows: RowsBytes): Buffer {
  const present = Buffer.alloc((rows.columns + 7) >> 3, 0xff);
  return Buffer.concat([
    uint(rows.tableId, 6),
    uint(rows.flags ?? 1, 2),
    uint(2, 2),
    lengthEncoded(rows.columns),
    present,
    ...(rows.update === true ? [present] : []),
    ...rows.images,
  ]);
}
