import { encodeHeader } from '@sluice/kafka';
import type { TableEncoder } from '../table-encoder.ts';

/** All bytes of a row's record, beside names and values of columns, that depend on the version of its table only; prepared once. */
export class TableParts {
  readonly #encoder: TableEncoder;
  /** Record header `schema`, as it stands in the record. */
  readonly schemaHeader: Buffer;
  /** What stands in a record key in place of the opening brace of the key columns; null where the key is these alone. */
  readonly keyHead: Buffer | null;
  #head: { readonly serverId: number; readonly bytes: Buffer } | null = null;

  constructor(encoder: TableEncoder) {
    const { version, place } = encoder.table;
    this.#encoder = encoder;
    this.schemaHeader = encodeHeader('schema', `row/1/${version}`);
    this.keyHead = place.keyMembers === '' ? null : Buffer.from(`{${place.keyMembers},`);
  }

  /** From the opening brace of the envelope to just before the value of `timestamp`. */
  head(serverId: number): Buffer {
    if (this.#head?.serverId === serverId) return this.#head.bytes;
    const { serverName, table: captured } = this.#encoder;
    const { database, table, version } = captured;
    const text =
      `{"schema":{"version":1,"type":"row","table":${version}},"payload":{"source":{"server":${JSON.stringify(serverName)}` +
      `,"serverId":${serverId},"database":${JSON.stringify(database)},"table":${JSON.stringify(table)},"timestamp":`;
    const bytes = Buffer.from(text);
    this.#head = { serverId, bytes };
    return bytes;
  }
}
