import { textWriter } from './charsets.ts';
import { BINARY_COLLATION, TYPE } from './column-types.ts';
import { BinlogError } from './errors.ts';
import type { Column } from './table-map.ts';
import { paddedBinaryWriter, writeBase64, writeGeometry } from './values/binary.ts';
import { compressedWriter } from './values/compressed.ts';
import { decimalWidth, decimalWriter } from './values/decimal.ts';
import { enumWriter, setWriter } from './values/enum-set.ts';
import { writeDouble, writeFloat } from './values/floats.ts';
import { bigintWriter, integerWriter, writeBit, writeYear } from './values/integers.ts';
import { writeJson } from './values/json.ts';
import { writeInet4, writeInet6, writeUuid } from './values/named.ts';
import {
  datetime2Writer,
  fractionWidth,
  time2Writer,
  timestamp2Writer,
  writeDate,
  writeOldDatetime,
  writeOldTime,
  writeOldTimestamp,
} from './values/temporal.ts';
import type { ValueWriter } from './values/value-writer.ts';

/**
 * Bytes that a column takes in a row image: its width, or −n when the value has a length of n bytes in front.
 *
 * @throws BinlogError COLUMN_TYPE_UNSUPPORTED: without it not even the next column is found
 */
export function widthOf(column: Column): number {
  switch (column.type) {
    case TYPE.TINY:
    case TYPE.YEAR:
      return 1;
    case TYPE.SHORT:
      return 2;
    case TYPE.INT24:
    case TYPE.DATE:
    case TYPE.NEWDATE:
    case TYPE.TIME:
      return 3;
    case TYPE.LONG:
    case TYPE.FLOAT:
    case TYPE.TIMESTAMP:
      return 4;
    case TYPE.LONGLONG:
    case TYPE.DOUBLE:
    case TYPE.DATETIME:
      return 8;
    case TYPE.TIME2:
      return 3 + fractionWidth(precisionOf(column));
    case TYPE.TIMESTAMP2:
      return 4 + fractionWidth(precisionOf(column));
    case TYPE.DATETIME2:
      return 5 + fractionWidth(precisionOf(column));
    case TYPE.NEWDECIMAL:
      return decimalWidth(column.meta >> 8, column.meta & 255);
    case TYPE.BIT:
      return (column.meta + 7) >> 3;
    case TYPE.ENUM:
    case TYPE.SET:
      return column.meta;
    case TYPE.STRING:
    case TYPE.VARCHAR:
    case TYPE.VARCHAR_COMPRESSED:
      return column.meta > 255 ? -2 : -1;
    case TYPE.UUID:
    case TYPE.INET6:
    case TYPE.INET4:
      return -1;
    case TYPE.BLOB:
    case TYPE.BLOB_COMPRESSED:
    case TYPE.JSON:
    case TYPE.GEOMETRY:
    case TYPE.VECTOR:
      if (column.meta >= 1 && column.meta <= 4) return -column.meta;
      throw unsupported(column);
    default:
      throw unsupported(column);
  }
}

/**
 * The writer of a column's values.
 *
 * @throws BinlogError COLUMN_TYPE_UNSUPPORTED, CHARSET_UNSUPPORTED, METADATA_MISSING
 */
export function writerOf(column: Column): ValueWriter {
  switch (column.type) {
    case TYPE.TINY:
      return integerWriter(1, column.unsigned);
    case TYPE.SHORT:
      return integerWriter(2, column.unsigned);
    case TYPE.INT24:
      return integerWriter(3, column.unsigned);
    case TYPE.LONG:
      return integerWriter(4, column.unsigned);
    case TYPE.LONGLONG:
      return bigintWriter(column.unsigned);
    case TYPE.YEAR:
      return writeYear;
    case TYPE.BIT:
      return writeBit;
    case TYPE.FLOAT:
      return writeFloat;
    case TYPE.DOUBLE:
      return writeDouble;
    case TYPE.NEWDECIMAL:
      return decimalWriter(column.meta >> 8, column.meta & 255);
    case TYPE.JSON:
      return writeJson;
    case TYPE.GEOMETRY:
      return writeGeometry;
    case TYPE.VECTOR:
      return writeBase64;
    case TYPE.UUID:
      return writeUuid;
    case TYPE.INET6:
      return writeInet6;
    case TYPE.INET4:
      return writeInet4;
    case TYPE.ENUM:
      return enumWriter(membersOf(column));
    case TYPE.SET:
      return setWriter(membersOf(column));
    default:
      return temporalWriter(column) ?? stringWriter(column);
  }
}

function temporalWriter(column: Column): ValueWriter | null {
  switch (column.type) {
    case TYPE.DATE:
    case TYPE.NEWDATE:
      return writeDate;
    case TYPE.TIME2:
      return time2Writer(precisionOf(column));
    case TYPE.DATETIME2:
      return datetime2Writer(precisionOf(column));
    case TYPE.TIMESTAMP2:
      return timestamp2Writer(precisionOf(column));
    case TYPE.TIME:
      return writeOldTime;
    case TYPE.DATETIME:
      return writeOldDatetime;
    case TYPE.TIMESTAMP:
      return writeOldTimestamp;
    default:
      return null;
  }
}

function stringWriter(column: Column): ValueWriter {
  switch (column.type) {
    case TYPE.STRING:
      return column.collation === BINARY_COLLATION
        ? paddedBinaryWriter(column.meta)
        : charactersWriter(column);
    case TYPE.VARCHAR:
    case TYPE.BLOB:
      return bytesOrText(column);
    case TYPE.VARCHAR_COMPRESSED:
    case TYPE.BLOB_COMPRESSED:
      return compressedWriter(bytesOrText(column));
    default:
      throw unsupported(column);
  }
}

function bytesOrText(column: Column): ValueWriter {
  return column.collation === BINARY_COLLATION ? writeBase64 : charactersWriter(column);
}

function charactersWriter(column: Column): ValueWriter {
  if (column.collation === 0) throw metadataMissing(column, 'character set');
  if (column.charset !== null) return textWriter(column.charset);
  throw new BinlogError(
    'CHARSET_UNSUPPORTED',
    `collation ${column.collation} of column ${column.name} is not known`,
    {
      column: column.name,
      collation: column.collation,
    },
  );
}

function membersOf(column: Column): readonly string[] {
  if (column.members === null) throw metadataMissing(column, 'list of members');
  return column.members;
}

function precisionOf(column: Column): number {
  if (column.meta > 6) throw unsupported(column);
  return column.meta;
}

function metadataMissing(column: Column, what: string): BinlogError {
  return new BinlogError(
    'METADATA_MISSING',
    `the table map does not tell the ${what} of column ${column.name}`,
    {
      column: column.name,
    },
  );
}

function unsupported(column: Column): BinlogError {
  return new BinlogError(
    'COLUMN_TYPE_UNSUPPORTED',
    `column ${column.name} has type ${column.type}, which cannot be decoded`,
    { column: column.name, type: column.type, meta: column.meta },
  );
}
