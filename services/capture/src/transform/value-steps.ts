import { ByteWriter } from '@sluice/binlog';
import { appendAll, appendAscii } from '../model/json-bytes.ts';
import type { ValueImage, ValueStep } from '../model/publication.ts';
import type { ColumnHash, HashKey } from '../model/hash-key.ts';

/** Writes the published value of a column, read from its place in the image. */
export type StepWriter = (image: ValueImage, place: number, out: ByteWriter) => void;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const NULL = Buffer.from('null');

/** Throws TypeError for a hash without a key: settings are checked before. */
export function stepWriter(step: ValueStep, hashKey: HashKey | null): StepWriter {
  switch (step.kind) {
    case 'write':
      return (image, place, out) => image.write(place, out);
    case 'mask':
      return maskWriter(step.text);
    case 'hash':
      if (hashKey === null) throw new TypeError('a hashed column needs a key');
      return hashWriter(hashKey.forColumn(step.of));
    case 'truncate':
      return truncateWriter(step.characters);
  }
}

/** The value itself is not even looked at. */
function maskWriter(text: string): StepWriter {
  const mask = Buffer.from(JSON.stringify(text));
  return (image, place, out) => appendAll(out, image.isNull(place) ? NULL : mask);
}

/** Of a text, its UTF-8 bytes; of any other value, its JSON. */
function hashWriter(key: ColumnHash): StepWriter {
  const scratch = new ByteWriter(256);
  return (image, place, out) => {
    if (image.isNull(place)) return appendAll(out, NULL);
    scratch.position = 0;
    image.write(place, scratch);
    appendAscii(out, `"${key.digest(hashedBytes(scratch))}"`);
  };
}

function hashedBytes({ bytes, position }: ByteWriter): Buffer {
  const json = bytes.subarray(0, position);
  if (json[0] !== QUOTE) return json;
  if (!json.includes(BACKSLASH)) return json.subarray(1, -1);
  return Buffer.from(JSON.parse(json.toString()) as string);
}

function truncateWriter(characters: number): StepWriter {
  return (image, place, out) => {
    const start = out.position;
    image.write(place, out);
    if (out.bytes[start] !== QUOTE) return;
    const cut = cutAt(out.bytes, start + 1, out.position - 1, characters);
    out.bytes[cut] = QUOTE;
    out.position = cut + 1;
  };
}

/** Where the text of a JSON string ends after so many Unicode characters; an escape is one. */
function cutAt(bytes: Buffer, start: number, end: number, characters: number): number {
  let at = start;
  for (let left = characters; left > 0 && at < end; left--) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH) at += bytes[at + 1] === LETTER_U ? 6 : 2;
    else if (byte < 0x80) at += 1;
    else if (byte < 0xe0) at += 2;
    else at += byte < 0xf0 ? 3 : 4;
  }
  return at;
}
