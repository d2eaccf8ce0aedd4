import { charsetOfCollation } from './collations.ts';
import { BINARY_COLLATION, TYPE } from './column-types.ts';
import { BinlogError } from './errors.ts';
import { EventCursor } from './event-cursor.ts';
import { readOptionalMetadata, type OptionalMetadata, type RawColumn } from './metadata.ts';
import { decodeText } from './charsets.ts';
import { sqlTypeOf } from './sql-type.ts';

/** A column as a table map describes it. */
export interface Column {
  readonly name: string;
  /** MYSQL_TYPE_*; ENUM and SET are unwrapped from STRING; above 255 MariaDB's named types. */
  readonly type: number;
  /**
   * What the value's layout needs, by type: length bytes of blobs, byte length of CHAR, BINARY and VARCHAR, pack length
   * of ENUM and SET, digits of fraction, bits of BIT, precision × 256 + scale of DECIMAL.
   */
  readonly meta: number;
  readonly nullable: boolean;
  readonly unsigned: boolean;
  /** 0 = none (or not told), 63 = binary. */
  readonly collation: number;
  /** Members of ENUM and SET, null for other types and without FULL metadata. */
  readonly members: readonly string[] | null;
  readonly visible: boolean;
  /** Canonical SQL type without display widths: `int unsigned`, `varchar(64)`, `enum('a','b')`. */
  readonly sqlType: string;
  /** MySQL's name of the character set of text columns, null for all others. */
  readonly charset: string | null;
}

/** What a TABLE_MAP event says of a table. */
export interface TableMap {
  readonly tableId: number;
  readonly database: string;
  readonly table: string;
  /** MariaDB's UUID, INET6 and INET4 look like BINARY here. */
  readonly columns: readonly Column[];
  /** Ordinals of the primary key's columns in key order; empty when there is none or metadata is not FULL. */
  readonly primaryKey: readonly number[];
  /** True with `binlog_row_metadata=FULL`: column names and members are known. */
  readonly fullMetadata: boolean;
  /** The bytes that tell the columns apart: two maps with equal signatures have equal columns. */
  readonly signature: Buffer;
}

/**
 * Reads the body of a TABLE_MAP event (MySQL internals, "Table_map_event").
 *
 * @param event the event with its header; `end` is the offset behind its body
 * @throws BinlogError EVENT_MALFORMED
 */
export function parseTableMap(
  event: Buffer,
  bodyStart: number,
  end: number,
  flavour: 'mysql' | 'mariadb',
): TableMap {
  const cursor = new EventCursor(event, bodyStart, end);
  const tableId = cursor.uint(6);
  cursor.skip(2);
  const database = cursor.nullTerminated(cursor.uint(1));
  const table = cursor.nullTerminated(cursor.uint(1));
  const signature = Buffer.from(event.subarray(cursor.position, end));
  const count = cursor.lengthEncoded();
  const types = cursor.take(count);
  const layout = new EventCursor(event, 0, 0);
  const metaLength = cursor.lengthEncoded();
  layout.move(cursor.position, cursor.position + metaLength);
  cursor.skip(metaLength);
  const raw: RawColumn[] = [];
  for (const type of types) raw.push(readLayout(type, layout));
  const nullBits = cursor.take((count + 7) >> 3);
  const metadata = readOptionalMetadata(cursor, raw, flavour);
  const columns = raw.map((column, index) => describe(column, index, nullBits, metadata));
  return {
    tableId,
    database,
    table,
    columns,
    primaryKey: metadata.primaryKey,
    fullMetadata: metadata.names !== null,
    signature,
  };
}

/** Text types know their character set only from metadata; without it they have none and cannot be written. */
function describe(raw: RawColumn, index: number, nullBits: Buffer, metadata: OptionalMetadata): Column {
  const collation = metadata.collations[index]!;
  const charset = collation === 0 || collation === BINARY_COLLATION ? null : charsetOfCollation(collation);
  const members = metadata.members[index] ?? null;
  const column = {
    name: metadata.names?.[index] ?? `@${index + 1}`,
    type: raw.type,
    meta: raw.meta,
    nullable: (nullBits[index >> 3]! & (1 << (index & 7))) !== 0,
    unsigned: metadata.unsigned[index]!,
    collation,
    members: members === null ? null : members.map((member) => decodeText(member, charset ?? 'utf8mb4')),
    visible: metadata.visible[index] ?? true,
    charset,
  };
  const kind = {
    geometryKind: metadata.geometryKinds[index] ?? 0,
    dimensions: metadata.dimensions[index] ?? 0,
  };
  return { ...column, sqlType: sqlTypeOf({ ...column, ...kind }) };
}

function readLayout(type: number, cursor: EventCursor): RawColumn {
  switch (type) {
    case TYPE.FLOAT:
    case TYPE.DOUBLE:
    case TYPE.BLOB:
    case TYPE.BLOB_COMPRESSED:
    case TYPE.GEOMETRY:
    case TYPE.JSON:
    case TYPE.VECTOR:
    case TYPE.TIMESTAMP2:
    case TYPE.DATETIME2:
    case TYPE.TIME2:
      return { type, meta: cursor.uint(1) };
    case TYPE.VARCHAR:
    case TYPE.VARCHAR_COMPRESSED:
      return { type, meta: cursor.uint(2) };
    case TYPE.BIT: {
      const bits = cursor.uint(1);
      return { type, meta: cursor.uint(1) * 8 + bits };
    }
    case TYPE.NEWDECIMAL: {
      const precision = cursor.uint(1);
      return { type, meta: precision * 256 + cursor.uint(1) };
    }
    case TYPE.STRING:
    case TYPE.VAR_STRING:
    case TYPE.ENUM:
    case TYPE.SET:
      return readStringLayout(cursor.uint(1), cursor.uint(1));
    default:
      if (type > TYPE.BIT && type < TYPE.BLOB_COMPRESSED) {
        throw new BinlogError('COLUMN_TYPE_UNSUPPORTED', `column type ${type} is not known`, { type });
      }
      return { type, meta: 0 };
  }
}

/**
 * STRING carries the real type in its first byte; for CHAR longer than 255 bytes two bits of the length are stored
 * there too, inverted.
 */
function readStringLayout(first: number, second: number): RawColumn {
  if ((first & 0x30) !== 0x30) {
    return { type: first | 0x30, meta: second | (((first & 0x30) ^ 0x30) << 4) };
  }
  return { type: first === TYPE.VAR_STRING ? TYPE.STRING : first, meta: second };
}
