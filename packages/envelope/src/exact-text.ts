/**
 * The exact text of parts of an envelope. A number in a JSON column may have more digits than a double, or a form that
 * parsing loses (`1.0`, `1e2`): stores that take JSON get the text that capture wrote, not what was parsed from it.
 * All functions expect JSON that `decodeEnvelope` has accepted.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;

/** JSON text of `payload.after` in a row's record value; null when it is null or absent. */
export function exactAfter(value: Uint8Array): string | null {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const payload = findMember(bytes, 0, 'payload');
  const after = payload === null ? null : findMember(bytes, payload.start, 'after');
  if (after === null || bytes[after.start] !== OPEN_OBJECT) return null;
  return bytes.toString('utf8', after.start, after.end);
}

/** JSON text of one member of an object given as JSON text, e.g. of a JSON column in a row; null when it is absent. */
export function exactMember(object: string, name: string): string | null {
  const bytes = Buffer.from(object);
  const member = findMember(bytes, 0, name);
  return member === null ? null : bytes.toString('utf8', member.start, member.end);
}

/** The names of the members of an object given as JSON text, in the order of the text, which a parsed object does not keep. */
export function memberNames(object: string): string[] {
  const bytes = Buffer.from(object);
  const names: string[] = [];
  let at = skipSpace(bytes, 1);
  while (bytes[at] === QUOTE) {
    const nameEnd = endOfString(bytes, at);
    names.push(JSON.parse(bytes.toString('utf8', at, nameEnd)) as string);
    at = skipSpace(bytes, endOfValue(bytes, skipSpace(bytes, skipSpace(bytes, nameEnd) + 1)));
    if (bytes[at] !== COMMA) break;
    at = skipSpace(bytes, at + 1);
  }
  return names;
}

/** JSON texts of the elements of an array given as JSON text. */
export function exactElements(array: string): string[] {
  const bytes = Buffer.from(array);
  const found: string[] = [];
  for (let at = skipSpace(bytes, skipSpace(bytes, 0) + 1); at < bytes.length && bytes[at] !== CLOSE_ARRAY;) {
    const end = endOfValue(bytes, at);
    found.push(bytes.toString('utf8', at, end));
    at = skipSpace(bytes, end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return found;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The value of a member of the object that begins at or after `from`. */
function findMember(bytes: Buffer, from: number, name: string): Span | null {
  const wanted = Buffer.from(name);
  let at = skipSpace(bytes, skipSpace(bytes, from) + 1);
  while (bytes[at] === QUOTE) {
    const nameEnd = endOfString(bytes, at);
    const found = isName(bytes, at, nameEnd, wanted, name);
    const start = skipSpace(bytes, skipSpace(bytes, nameEnd) + 1);
    const end = endOfValue(bytes, start);
    if (found) return { start, end };
    at = skipSpace(bytes, end);
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
  }
  return null;
}

/** Whether the string from `start` to `end`, quotes included, is the name. It may have escapes, and one name several spellings. */
function isName(bytes: Buffer, start: number, end: number, wanted: Buffer, name: string): boolean {
  const text = bytes.subarray(start, end);
  if (text.includes(BACKSLASH)) return JSON.parse(text.toString('utf8')) === name;
  return text.length - 2 === wanted.length && wanted.compare(text, 1, text.length - 1) === 0;
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] as number) <= SPACE) at += 1;
  return at;
}

/** The offset after the closing quote of the string that begins at `from`. */
function endOfString(bytes: Buffer, from: number): number {
  let at = from + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function endOfValue(bytes: Buffer, from: number): number {
  const first = bytes[from];
  if (first === QUOTE) return endOfString(bytes, from);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return endOfNested(bytes, from);
  let at = from;
  while (at < bytes.length && !endsScalar(bytes[at] as number)) at += 1;
  return at;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte === COLON || byte <= SPACE;
}

function endOfNested(bytes: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
      continue;
    }
    at += 1;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) return at;
  }
  return at;
}
