import { uint } from './event-bytes.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A document in MySQL's binary JSON, small format: 16-bit integers, doubles, short strings; keys as given. */
export function jsonbBytes(value: Json): Buffer {
  const [type, bytes] = encode(value);
  return Buffer.concat([Buffer.of(type), bytes]);
}

function encode(value: Json): readonly [type: number, bytes: Buffer] {
  if (value === null || typeof value === 'boolean') return [4, Buffer.of(value === null ? 0 : value ? 1 : 2)];
  if (typeof value === 'string')
    return [12, Buffer.concat([Buffer.of(Buffer.byteLength(value)), Buffer.from(value)])];
  if (typeof value !== 'number') return Array.isArray(value) ? container([], value as Json[]) : object(value);
  if (Number.isInteger(value)) return [5, uint(value & 0xffff, 2)];
  const double = Buffer.alloc(8);
  double.writeDoubleLE(value);
  return [11, double];
}

function object(value: object): readonly [number, Buffer] {
  return container(Object.keys(value), Object.values(value) as Json[]);
}

function container(keys: readonly string[], values: readonly Json[]): readonly [number, Buffer] {
  const isObject = keys.length > 0 || values.length === 0;
  let offset = 4 + keys.length * 4 + values.length * 3;
  const keyEntries = keys.map((key) => {
    const entry = Buffer.concat([uint(offset, 2), uint(Buffer.byteLength(key), 2)]);
    offset += Buffer.byteLength(key);
    return entry;
  });
  const tail: Buffer[] = keys.map((key) => Buffer.from(key));
  const valueEntries = values.map((value) => {
    const [type, bytes] = encode(value);
    if (type === 4 || type === 5)
      return Buffer.concat([Buffer.of(type), bytes, Buffer.alloc(2 - bytes.length)]);
    const entry = Buffer.concat([Buffer.of(type), uint(offset, 2)]);
    offset += bytes.length;
    tail.push(bytes);
    return entry;
  });
  const head = Buffer.concat([uint(values.length, 2), uint(offset, 2)]);
  return [isObject ? 0 : 2, Buffer.concat([head, ...keyEntries, ...valueEntries, ...tail])];
}
