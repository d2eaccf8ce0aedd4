/**
 * Column types as numbered in table maps (MySQL `enum_field_types`; 140 and 141 are MariaDB's), and behind 255 those that
 * table maps do not tell from STRING.
 */
export const TYPE = {
  /** DECIMAL of before MySQL 5.0, as text; MariaDB keeps such columns until their table is rebuilt. */
  OLD_DECIMAL: 0,
  TINY: 1,
  SHORT: 2,
  LONG: 3,
  FLOAT: 4,
  DOUBLE: 5,
  NULL: 6,
  TIMESTAMP: 7,
  LONGLONG: 8,
  INT24: 9,
  DATE: 10,
  TIME: 11,
  DATETIME: 12,
  YEAR: 13,
  NEWDATE: 14,
  VARCHAR: 15,
  BIT: 16,
  TIMESTAMP2: 17,
  DATETIME2: 18,
  TIME2: 19,
  BLOB_COMPRESSED: 140,
  VARCHAR_COMPRESSED: 141,
  VECTOR: 242,
  JSON: 245,
  NEWDECIMAL: 246,
  ENUM: 247,
  SET: 248,
  BLOB: 252,
  VAR_STRING: 253,
  STRING: 254,
  GEOMETRY: 255,
  UUID: 256,
  INET6: 257,
  INET4: 258,
} as const;

/** Collation id of bytes without a character set. */
export const BINARY_COLLATION = 63;

/** Types that the SIGNEDNESS metadata has a bit for; YEAR's is always set. */
export function hasSign(type: number): boolean {
  switch (type) {
    case TYPE.YEAR:
    case TYPE.OLD_DECIMAL:
    case TYPE.TINY:
    case TYPE.SHORT:
    case TYPE.INT24:
    case TYPE.LONG:
    case TYPE.LONGLONG:
    case TYPE.NEWDECIMAL:
    case TYPE.FLOAT:
    case TYPE.DOUBLE:
      return true;
    default:
      return false;
  }
}

/**
 * Types that the charset metadata has an entry for; ENUM and SET have their own. MySQL's VECTOR and MariaDB's GEOMETRY have
 * one that says no more than binary.
 */
export function hasCollation(type: number, flavour: 'mysql' | 'mariadb'): boolean {
  switch (type) {
    case TYPE.GEOMETRY:
      return flavour === 'mariadb';
    case TYPE.VECTOR:
    case TYPE.STRING:
    case TYPE.VAR_STRING:
    case TYPE.VARCHAR:
    case TYPE.BLOB:
    case TYPE.BLOB_COMPRESSED:
    case TYPE.VARCHAR_COMPRESSED:
      return true;
    default:
      return false;
  }
}

export function isEnumOrSet(type: number): boolean {
  return type === TYPE.ENUM || type === TYPE.SET;
}
