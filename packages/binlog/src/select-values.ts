import type { ByteWriter } from './byte-writer.ts';
import { BINARY_COLLATION, TYPE } from './column-types.ts';
import type { Column } from './table-map.ts';
import { writeBase64, writeGeometry } from './values/binary.ts';
import { putAscii } from './values/digits.ts';
import { putDouble, putFloat } from './values/floats.ts';
import { putBigint } from './values/integers.ts';
import { writeCompactJson } from './values/json-compact.ts';
import { writeUtf8 } from './values/json-string.ts';

/** Writes a value of the text protocol (null is NULL) as JSON bytes. */
export type SelectValueWriter = (text: Buffer | null, out: ByteWriter) => void;

const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** `YYYY-MM-DD`, always ten characters. */
const DATE_LENGTH = 10;
const SPACE = 0x20;

/**
 * SQL that selects a column so that `selectValueWriter` gives the same JSON bytes as the binlog. FLOAT is printed with six
 * digits and a DOUBLE(m,d) with d decimals unless cast; BIT comes as raw bytes unless cast; MariaDB's YEAR(2) shows two
 * digits of the year that it holds.
 */
export function selectExpression(column: Column): string {
  const name = `\`${column.name.replaceAll('`', '``')}\``;
  switch (column.type) {
    case TYPE.FLOAT:
    case TYPE.DOUBLE:
      return `CAST(${name} AS DOUBLE)`;
    case TYPE.BIT:
      return `CAST(${name} AS UNSIGNED)`;
    case TYPE.YEAR:
      return `YEAR(${name})`;
    default:
      return name;
  }
}

/** The writer for values selected with `selectExpression`, connection character set utf8mb4, `time_zone='+00:00'`. */
export function selectValueWriter(column: Column): SelectValueWriter {
  const write = valueWriter(column);
  return (text, out) => {
    if (text !== null) return write(text, out);
    out.reserve(4);
    out.position = putAscii(out.bytes, out.position, 'null');
  };
}

function valueWriter(column: Column): (text: Buffer, out: ByteWriter) => void {
  switch (column.type) {
    case TYPE.TINY:
    case TYPE.SHORT:
    case TYPE.INT24:
    case TYPE.LONG:
    case TYPE.LONGLONG:
    case TYPE.YEAR:
    case TYPE.BIT:
      return writeInteger;
    case TYPE.FLOAT:
      return (text, out) => putFloat(out, Math.fround(Number(text.toString('latin1'))));
    case TYPE.DOUBLE:
      return (text, out) => putDouble(out, Number(text.toString('latin1')));
    case TYPE.NEWDECIMAL:
      return writeDecimal;
    case TYPE.JSON:
      return writeCompactJson;
    case TYPE.GEOMETRY:
      return (text, out) => writeGeometry(text, 0, text.length, out);
    case TYPE.VECTOR:
      return writeBytes;
    case TYPE.TIMESTAMP:
    case TYPE.TIMESTAMP2:
      return (text, out) => writeMoment(text, true, out);
    case TYPE.ENUM:
    case TYPE.SET:
    case TYPE.UUID:
    case TYPE.INET6:
    case TYPE.INET4:
      return writeText;
    case TYPE.STRING:
    case TYPE.VARCHAR:
    case TYPE.BLOB:
    case TYPE.VARCHAR_COMPRESSED:
    case TYPE.BLOB_COMPRESSED:
      return column.collation === BINARY_COLLATION ? writeBytes : writeText;
    default:
      return (text, out) => writeMoment(text, false, out);
  }
}

function writeText(text: Buffer, out: ByteWriter): void {
  writeUtf8(text, 0, text.length, out);
}

function writeBytes(text: Buffer, out: ByteWriter): void {
  writeBase64(text, 0, text.length, out);
}

function writeInteger(text: Buffer, out: ByteWriter): void {
  if (text.length > 15) return putBigint(out, BigInt(text.toString('latin1')));
  out.reserve(24);
  out.position = copyNumber(text, out.bytes, out.position);
}

function writeDecimal(text: Buffer, out: ByteWriter): void {
  out.reserve(text.length + 2);
  out.bytes[out.position++] = QUOTE;
  out.position = copyNumber(text, out.bytes, out.position);
  out.bytes[out.position++] = QUOTE;
}

/** Without the zeros in front that ZEROFILL columns are shown with. */
function copyNumber(text: Buffer, bytes: Buffer, place: number): number {
  let at = 0;
  let to = place;
  if (text[0] === MINUS) bytes[to++] = text[at++]!;
  while (text[at] === ZERO && at + 1 < text.length && text[at + 1] !== POINT) at++;
  while (at < text.length) bytes[to++] = text[at++]!;
  return to;
}

/** DATE, TIME, DATETIME, TIMESTAMP: the text itself, with `T` between date and time and `Z` behind an instant. */
function writeMoment(text: Buffer, instant: boolean, out: ByteWriter): void {
  out.reserve(text.length + 3);
  const bytes = out.bytes;
  let place = out.position;
  bytes[place++] = QUOTE;
  bytes.set(text, place);
  if (text[DATE_LENGTH] === SPACE) bytes[place + DATE_LENGTH] = 0x54;
  place += text.length;
  if (instant) bytes[place++] = 0x5a;
  bytes[place++] = QUOTE;
  out.position = place;
}
