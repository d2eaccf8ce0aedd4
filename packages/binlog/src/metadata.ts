import { hasCollation, hasSign, isEnumOrSet, TYPE } from './column-types.ts';
import { BinlogError } from './errors.ts';
import { EventCursor } from './event-cursor.ts';

/** Type and layout of a column before optional metadata is known. */
export interface RawColumn {
  readonly type: number;
  readonly meta: number;
}

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

/**
 * Reads type-length-value fields until the end of the event; fields of later servers are skipped.
 *
 * @throws BinlogError EVENT_MALFORMED, also when a field tells of more or fewer columns than the table has of its kind:
 * each entry after the first odd one would be taken for another column's
 */
export function readOptionalMetadata(
  cursor: EventCursor,
  columns: readonly RawColumn[],
  flavour: 'mysql' | 'mariadb',
): OptionalMetadata {
  const metadata = emptyMetadata(columns.length);
  const field = new EventCursor(cursor.source, 0, 0);
  while (cursor.left > 0) {
    const type = cursor.uint(1);
    const length = cursor.lengthEncoded();
    const start = cursor.position;
    cursor.skip(length);
    field.move(start, cursor.position);
    if (!readField(type, field, columns, flavour, metadata)) continue;
    if (field.left > 0) throw unfitting(type);
  }
  // The bit of a YEAR and the collations of GEOMETRY and VECTOR say nothing of the column.
  for (const [index, { type }] of columns.entries()) {
    if (type === TYPE.YEAR) metadata.unsigned[index] = false;
    if (type === TYPE.GEOMETRY || type === TYPE.VECTOR) metadata.collations[index] = 0;
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

/** @returns false for a field that is not known */
function readField(
  type: number,
  field: EventCursor,
  columns: readonly RawColumn[],
  flavour: 'mysql' | 'mariadb',
  into: OptionalMetadata,
): boolean {
  const ofType = (wanted: number): number[] => ordinals(columns, (code) => code === wanted);
  const withCollation = (): number[] => ordinals(columns, (code) => hasCollation(code, flavour));
  switch (type) {
    case FIELD.SIGNEDNESS:
      readBits(field, ordinals(columns, hasSign), into.unsigned);
      return true;
    case FIELD.DEFAULT_CHARSET:
      readDefaultCharset(field, withCollation(), into.collations);
      return true;
    case FIELD.COLUMN_CHARSET:
      readNumbers(field, withCollation(), into.collations);
      return true;
    case FIELD.ENUM_AND_SET_DEFAULT_CHARSET:
      readDefaultCharset(field, ordinals(columns, isEnumOrSet), into.collations);
      return true;
    case FIELD.ENUM_AND_SET_COLUMN_CHARSET:
      readNumbers(field, ordinals(columns, isEnumOrSet), into.collations);
      return true;
    case FIELD.COLUMN_NAME:
      into.names = columns.map(() => field.text(field.lengthEncoded()));
      return true;
    case FIELD.SET_STR_VALUE:
      readMembers(field, ofType(TYPE.SET), into.members);
      return true;
    case FIELD.ENUM_STR_VALUE:
      readMembers(field, ofType(TYPE.ENUM), into.members);
      return true;
    case FIELD.GEOMETRY_TYPE:
      readNumbers(field, ofType(TYPE.GEOMETRY), into.geometryKinds);
      return true;
    case FIELD.VECTOR_DIMENSIONALITY:
      readNumbers(field, ofType(TYPE.VECTOR), into.dimensions);
      return true;
    case FIELD.COLUMN_VISIBILITY:
      readBits(field, [...columns.keys()], into.visible);
      return true;
    case FIELD.SIMPLE_PRIMARY_KEY:
    case FIELD.PRIMARY_KEY_WITH_PREFIX:
      into.primaryKey = readKey(field, type === FIELD.PRIMARY_KEY_WITH_PREFIX);
      return true;
    default:
      return false;
  }
}

function unfitting(type: number): BinlogError {
  return new BinlogError('EVENT_MALFORMED', 'the metadata of a table does not fit its columns', {
    field: type,
  });
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
    if (column === undefined) throw unfitting(FIELD.DEFAULT_CHARSET);
    into[column] = collation;
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
