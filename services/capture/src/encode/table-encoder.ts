import type { ByteWriter, RowImage } from '@sluice/binlog';
import { operationTopic, type RowOperation } from '@sluice/envelope';
import { encodeHeader } from '@sluice/kafka';
import type { CapturedTable } from '../model/table.ts';
import { appendAll } from '../model/json-bytes.ts';
import type { ValueImage } from '../model/treatment.ts';

const CLOSE_BRACE = 0x7d;

/** The `"name":` texts in front of each value, the first with the opening brace. */
export function memberPrefixes(names: readonly string[]): readonly Buffer[] {
  return names.map((name, i) => Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`));
}

/** All bytes of a row's envelope that depend on the version of its table only, prepared once. */
export class TableEncoder {
  readonly table: CapturedTable;
  /** Record header `schema`, as it stands in the record. */
  readonly schemaHeader: Buffer;
  /** What stands in a record key in place of the opening brace of the key columns; null where the key is these alone. */
  readonly keyHead: Buffer | null;
  readonly #topics: Readonly<Record<RowOperation, string>>;
  readonly #serverName: string;
  readonly #columnPrefixes: readonly Buffer[];
  readonly #keyPrefixes: readonly Buffer[];
  #head: { readonly serverId: number; readonly bytes: Buffer } | null = null;

  /** @param serverName the logical name of the source (`source.server`) */
  constructor(table: CapturedTable, serverName: string) {
    this.table = table;
    this.#serverName = serverName;
    this.#columnPrefixes = memberPrefixes(table.columns.map((column) => column.name));
    this.#keyPrefixes = memberPrefixes(table.keyColumns);
    const { keyMembers } = table.place;
    this.keyHead = keyMembers === '' ? null : Buffer.from(`{${keyMembers},`);
    this.#topics = topicsByOperation(table);
    this.schemaHeader = encodeHeader('schema', `row/1/${table.version}`);
  }

  topicOf(operation: RowOperation): string {
    return this.#topics[operation];
  }

  /** From the opening brace of the envelope to just before the value of `timestamp`. */
  head(serverId: number): Buffer {
    if (this.#head?.serverId === serverId) return this.#head.bytes;
    const { database, table, version } = this.table;
    const text =
      `{"schema":{"version":1,"type":"row","table":${version}},"payload":{"source":{"server":${JSON.stringify(this.#serverName)}` +
      `,"serverId":${serverId},"database":${JSON.stringify(database)},"table":${JSON.stringify(table)},"timestamp":`;
    const bytes = Buffer.from(text);
    this.#head = { serverId, bytes };
    return bytes;
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
