import { lengthEncoded } from './event-bytes.ts';
import { jsonbBytes, type Json } from './jsonb-bytes.ts';

export interface Difference {
  readonly operation: 'replace' | 'insert' | 'remove';
  readonly path: string;
  readonly value?: Json;
}

/** JSON differences as MySQL writes them into partial row images, without the column's length. */
export function diffBytes(differences: readonly Difference[]): Buffer {
  return Buffer.concat(
    differences.flatMap(({ operation, path, value }) => [
      Buffer.of(['replace', 'insert', 'remove'].indexOf(operation)),
      sized(Buffer.from(path)),
      ...(operation === 'remove' ? [] : [sized(jsonbBytes(value ?? null))]),
    ]),
  );
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([lengthEncoded(bytes.length), bytes]);
}
