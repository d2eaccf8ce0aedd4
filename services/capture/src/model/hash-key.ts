import { createHmac, hkdfSync } from 'node:crypto';
import { HASH_KEYS, keyId } from '@sluice/runtime';

const KEY_BYTES = 32;

/** What hashes the values of one column, or of all that are linked to it. */
export class ColumnHash {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** HMAC-SHA256 as 64 hexadecimal digits. */
  digest(value: Buffer): string {
    return createHmac('sha256', this.#key).update(value).digest('hex');
  }
}

const idOf = (key: Buffer): string => keyId(HASH_KEYS, key);

/** The key of hashed columns: the newest of a ring, of which each column has a key of its own, or one for all of them. */
export class HashKey {
  readonly #bytes: Buffer;
  /** Tells it from other keys, and nothing else of it. */
  readonly id: string;
  /** Of the keys that it has replaced. */
  readonly olderIds: ReadonlySet<string>;
  /** Whether each column has a key of its own. */
  readonly isPerColumn: boolean;

  /** @param keys newest first, at least one */
  static ofRing([newest = Buffer.alloc(0), ...older]: readonly Buffer[]): HashKey {
    return new HashKey(newest, idOf(newest), new Set(older.map(idOf)), true);
  }

  /** `capture.hashKeyForm: bytes`: values are hashed as they were before there were rings. */
  static ofBytes(bytes: Buffer): HashKey {
    const id = new ColumnHash(bytes).digest(Buffer.from('sluice hash key')).slice(0, 16);
    return new HashKey(bytes, id, new Set(), false);
  }

  private constructor(bytes: Buffer, id: string, olderIds: ReadonlySet<string>, isPerColumn: boolean) {
    this.#bytes = bytes;
    this.id = id;
    this.olderIds = olderIds;
    this.isPerColumn = isPerColumn;
  }

  /**
   * HKDF (RFC 5869) with the column's name as its information.
   * @param of says which column, or group of columns, it is; absent where all have one key
   */
  forColumn(of: string | undefined): ColumnHash {
    if (of === undefined) return new ColumnHash(this.#bytes);
    const key = hkdfSync('sha256', this.#bytes, '', `hashed column ${of}`, KEY_BYTES);
    return new ColumnHash(Buffer.from(key));
  }
}
