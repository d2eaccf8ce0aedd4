import { isCharacter, isEnumOrSet, isNumeric, TYPE } from './column-types.ts';
import { EventCursor } from './event-cursor.ts';
import type { RawColumn } from './table-map.ts';

/** Optional metadata of a TABLE_MAP, one entry per column where it says something of columns. */
export interface OptionalMetadata {
  readonly unsigned: boolean[];
  /** 0 where the type has none or the server did not tell. */
  readonly collations: number[];
  names: string[] | null;
  /** Undecoded names of the members of ENUM and SET columns. */
  readonly members: (Buffer[] | null)[];
  readonly visible: boolean[];
  readonly geometryKinds: number[];
  readonly dimensions: number[];
  primaryKey: number[];
}

/** Field types of the optional metadata (MySQL `Optional_metadata_field_type`). */
const FIELD = {
  SIGNEDNESS: 1,
  DEFAULT_CHARSET: 2,
  COLUMN_CHARSET: 3,
  COLUMN_NAME: 4,
  SET_STR_VALUE: 5,
  ENUM_STR_VALUE: 6,
  GEOMETRY_TYPE: 7,
  SIMPLE_PRIMARY_KEY: 8,
  PRIMARY_KEY_WITH_PREFIX: 9,
  ENUM_AND_SET_DEFAULT_CHARSET: 10,
  ENUM_AND_SET_COLUMN_CHARSET: 11,
  COLUMN_VISIBILITY: 12,
  VECTOR_DIMENSIONALITY: 13,
} as const;

/** Reads type-length-value fields until the end of the event; fields of later servers are skipped. */
export function readOptionalMetadata(cursor: EventCursor, columns: readonly RawColumn[]): OptionalMetadata {
  const metadata = emptyMetadata(columns.length);
  const field = new EventCursor(cursor.source, 0, 0);
  while (cursor.left > 0) {
    const type = cursor.uint(1);
    const length = cursor.lengthEncoded();
    const start = cursor.position;
    cursor.skip(length);
    field.move(start, cursor.position);
    readField(type, field, columns, metadata);
  }
  return metadata;
}

function emptyMetadata(count: number): OptionalMetadata {
  const filled = <T>(value: T): T[] => Array.from({ length: count }, () => value);
  return {
    unsigned: filled(false),
    collations: filled(0),
    names: null,
    members: filled<Buffer[] | null>(null),
    visible: filled(true),
    geometryKinds: filled(0),
    dimensions: filled(0),
    primaryKey: [],
  };
}

function readField(
  type: number,
  field: EventCursor,
  columns: readonly RawColumn[],
  into: OptionalMetadata,
): void {
  switch (type) {
    case FIELD.SIGNEDNESS:
      return readBits(field, ordinals(columns, isNumeric), into.unsigned);
    case FIELD.DEFAULT_CHARSET:
      return readDefaultCharset(field, ordinals(columns, isCharacter), into.collations);
    case FIELD.COLUMN_CHARSET:
      return readNumbers(field, ordinals(columns, isCharacter), into.collations);
    case FIELD.ENUM_AND_SET_DEFAULT_CHARSET:
      return readDefaultCharset(field, ordinals(columns, isEnumOrSet), into.collations);
    case FIELD.ENUM_AND_SET_COLUMN_CHARSET:
      return readNumbers(field, ordinals(columns, isEnumOrSet), into.collations);
    case FIELD.COLUMN_NAME:
      into.names = columns.map(() => field.text(field.lengthEncoded()));
      return;
    case FIELD.SET_STR_VALUE:
      return readMembers(
        field,
        ordinals(columns, (code) => code === TYPE.SET),
        into.members,
      );
    case FIELD.ENUM_STR_VALUE:
      return readMembers(
        field,
        ordinals(columns, (code) => code === TYPE.ENUM),
        into.members,
      );
    case FIELD.GEOMETRY_TYPE:
      return readNumbers(
        field,
        ordinals(columns, (code) => code === TYPE.GEOMETRY),
        into.geometryKinds,
      );
    case FIELD.VECTOR_DIMENSIONALITY:
      return readNumbers(
        field,
        ordinals(columns, (code) => code === TYPE.VECTOR),
        into.dimensions,
      );
    case FIELD.COLUMN_VISIBILITY:
      return readBits(
        field,
        ordinals(columns, () => true),
        into.visible,
      );
    case FIELD.SIMPLE_PRIMARY_KEY:
    case FIELD.PRIMARY_KEY_WITH_PREFIX:
      into.primaryKey = readKey(field, type === FIELD.PRIMARY_KEY_WITH_PREFIX);
      return;
    default:
      return;
  }
}

function ordinals(columns: readonly RawColumn[], wanted: (type: number) => boolean): number[] {
  return columns.flatMap((column, index) => (wanted(column.type) ? [index] : []));
}

/** One bit per listed column, the first in the highest bit. */
function readBits(field: EventCursor, columns: readonly number[], into: boolean[]): void {
  const bits = field.take((columns.length + 7) >> 3);
  columns.forEach((column, index) => {
    into[column] = (bits[index >> 3]! & (0x80 >> (index & 7))) !== 0;
  });
}

function readNumbers(field: EventCursor, columns: readonly number[], into: number[]): void {
  for (const column of columns) into[column] = field.lengthEncoded();
}

/** A default for all listed columns, then pairs of (index in the list, collation) for those that differ. */
function readDefaultCharset(field: EventCursor, columns: readonly number[], into: number[]): void {
  const standard = field.lengthEncoded();
  for (const column of columns) into[column] = standard;
  while (field.left > 0) {
    const column = columns[field.lengthEncoded()];
    const collation = field.lengthEncoded();
    if (column !== undefined) into[column] = collation;
  }
}

function readMembers(field: EventCursor, columns: readonly number[], into: (Buffer[] | null)[]): void {
  for (const column of columns) {
    const members: Buffer[] = [];
    for (let left = field.lengthEncoded(); left > 0; left--) {
      members.push(Buffer.from(field.take(field.lengthEncoded())));
    }
    into[column] = members;
  }
}

/** Ordinals in key order; the lengths of prefixes are of no use here. */
function readKey(field: EventCursor, prefixes: boolean): number[] {
  const key: number[] = [];
  while (field.left > 0) {
    key.push(field.lengthEncoded());
    if (prefixes) field.lengthEncoded();
  }
  return key;
}
