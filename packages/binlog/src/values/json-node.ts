import { garbled, isInline, JSONB, putByte, writeJsonPart } from './json.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { writeUtf8 } from './json-string.ts';

/**
 * A value of a JSON document that can be changed: opened where a change leads through it, bytes everywhere else. Objects
 * have their names in the server's order, shorter ones first.
 */
export class JsonNode {
  readonly #source: Buffer;
  readonly #type: number;
  readonly #at: number;
  readonly #end: number;
  #children: JsonNode[] | null = null;
  #names: Buffer[] | null = null;

  /** The value of this type whose bytes begin at `at` and lie before `end`. */
  constructor(source: Buffer, type: number, at: number, end: number) {
    this.#source = source;
    this.#type = type;
    this.#at = at;
    this.#end = end;
  }

  get isArray(): boolean {
    return this.#type === JSONB.SMALL_ARRAY || this.#type === JSONB.LARGE_ARRAY;
  }

  get isObject(): boolean {
    return this.#type === JSONB.SMALL_OBJECT || this.#type === JSONB.LARGE_OBJECT;
  }

  /** The values of an array, or of an object in the order of its names. */
  get values(): JsonNode[] {
    if (this.#children === null) this.#open();
    return this.#children!;
  }

  /** Where the name stands, or, as −1 − place, where it would. */
  find(name: Buffer): number {
    const { names } = this.#opened();
    let low = 0;
    for (let high = names.length; low < high;) {
      const middle = (low + high) >> 1;
      const order = compareNames(names[middle]!, name);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1 - low;
  }

  insertMember(place: number, name: Buffer, value: JsonNode): void {
    this.#opened().names.splice(place, 0, name);
    this.values.splice(place, 0, value);
  }

  removeMember(place: number): void {
    this.#opened().names.splice(place, 1);
    this.values.splice(place, 1);
  }

  /**
   * Writes the value as compact JSON text.
   *
   * @param budget how many more values may be met; garbled documents can hold themselves
   * @returns what is left of it
   */
  write(out: ByteWriter, depth: number, budget: number): number {
    const children = this.#children;
    const names = this.#names;
    if (children === null) {
      const walk = { source: this.#source, end: this.#end, out, left: budget };
      writeJsonPart(walk, this.#type, this.#at, depth);
      return walk.left;
    }
    let left = budget - 1;
    putByte(out, names === null ? 0x5b : 0x7b);
    children.forEach((child, index) => {
      if (index > 0) putByte(out, 0x2c);
      if (names !== null) {
        writeUtf8(names[index]!, 0, names[index]!.length, out);
        putByte(out, 0x3a);
      }
      left = child.write(out, depth + 1, left);
    });
    putByte(out, names === null ? 0x5d : 0x7d);
    return left;
  }

  #opened(): { readonly names: Buffer[] } {
    if (this.#children === null) this.#open();
    return { names: this.#names! };
  }

  /** The same layout as `writeJson` reads: count, size, (name entries,) value entries. */
  #open(): void {
    const { isObject } = this;
    const source = this.#source;
    const type = this.#type;
    const start = this.#at;
    const large = type === JSONB.LARGE_OBJECT || type === JSONB.LARGE_ARRAY;
    const width = large ? 4 : 2;
    if (start + 2 * width > this.#end) throw garbled();
    const count = source.readUIntLE(start, width);
    const end = start + source.readUIntLE(start + width, width);
    const names = start + 2 * width;
    const values = isObject ? names + count * (width + 2) : names;
    if (end > this.#end || values + count * (width + 1) > end) throw garbled();
    const children: JsonNode[] = [];
    const found: Buffer[] = [];
    for (let index = 0; index < count; index++) {
      if (isObject) found.push(nameAt(source, start, end, names + index * (width + 2), width));
      const entry = values + index * (width + 1);
      const kind = source[entry]!;
      const at = isInline(kind, large) ? entry + 1 : start + source.readUIntLE(entry + 1, width);
      if (at >= end) throw garbled();
      children.push(new JsonNode(source, kind, at, end));
    }
    this.#children = children;
    this.#names = isObject ? found : null;
  }
}

function nameAt(source: Buffer, start: number, end: number, entry: number, width: number): Buffer {
  const at = start + source.readUIntLE(entry, width);
  const length = source.readUInt16LE(entry + width);
  if (at + length > end) throw garbled();
  return source.subarray(at, at + length);
}

function compareNames(one: Buffer, other: Buffer): number {
  return one.length === other.length ? one.compare(other) : one.length - other.length;
}
