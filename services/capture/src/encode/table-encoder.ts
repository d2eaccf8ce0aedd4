import type { ByteWriter, RowImage } from '@sluice/binlog';
import { operationTopic, type RowOperation } from '@sluice/envelope';
import type { CapturedTable } from '../model/table.ts';
import { appendAll } from '../model/json-bytes.ts';
import type { ValueImage } from '../model/publication.ts';

const CLOSE_BRACE = 0x7d;

/** The `"name":` texts in front of each value, the first with the opening brace. */
export function memberPrefixes(names: readonly string[]): readonly Buffer[] {
  return names.map((name, i) => Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`));
}

/** Writes the columns of a table's rows as JSON: their names are prepared once for each version of the table. */
export class TableEncoder {
  readonly table: CapturedTable;
  /** The logical name of the source (`source.server`). */
  readonly serverName: string;
  readonly #topics: Readonly<Record<RowOperation, string>>;
  readonly #columnPrefixes: readonly Buffer[];
  readonly #keyPrefixes: readonly Buffer[];

  constructor(table: CapturedTable, serverName: string) {
    this.table = table;
    this.serverName = serverName;
    this.#columnPrefixes = memberPrefixes(table.columns.map((column) => column.name));
    this.#keyPrefixes = memberPrefixes(table.keyColumns);
    this.#topics = topicsByOperation(table);
  }

  topicOf(operation: RowOperation): string {
    return this.#topics[operation];
  }

  /** Writes all columns of an image as one JSON object. */
  writeRow(image: ValueImage, out: ByteWriter): void {
    const prefixes = this.#columnPrefixes;
    for (let i = 0; i < prefixes.length; i++) {
      appendAll(out, prefixes[i] as Buffer);
      image.write(i, out);
    }
    closeObject(out);
  }

  /** Whether both images have the same key. */
  sameKey(before: RowImage, after: RowImage): boolean {
    const ordinals = this.table.keyOrdinals;
    for (let i = 0; i < ordinals.length; i++) {
      if (!before.sameValue(ordinals[i] as number, after)) return false;
    }
    return true;
  }

  /** Replaces the content of `out` by the key columns as one JSON object, in key order. */
  writeKey(image: ValueImage, out: ByteWriter): void {
    out.position = 0;
    const ordinals = this.table.keyOrdinals;
    for (let i = 0; i < ordinals.length; i++) {
      appendAll(out, this.#keyPrefixes[i] as Buffer);
      image.write(ordinals[i] as number, out);
    }
    closeObject(out);
  }
}

function topicsByOperation({ place }: CapturedTable): Readonly<Record<RowOperation, string>> {
  const { topic, splitsOperations } = place;
  const of = (operation: RowOperation): string =>
    splitsOperations ? operationTopic(topic, operation) : topic;
  return { INSERT: of('INSERT'), UPDATE: of('UPDATE'), DELETE: of('DELETE'), SNAPSHOT: of('SNAPSHOT') };
}

export function closeObject(out: ByteWriter): void {
  out.reserve(1);
  out.bytes[out.position++] = CLOSE_BRACE;
}
