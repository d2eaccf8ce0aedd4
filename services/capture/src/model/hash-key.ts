import { createHmac } from 'node:crypto';

/** The key of hashed columns. */
export class HashKey {
  readonly #bytes: Buffer;
  /** Tells it from other keys, and nothing else of it. */
  readonly id: string;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.id = this.digest(Buffer.from('sluice hash key')).slice(0, 16);
  }

  /** HMAC-SHA256 as 64 hexadecimal digits. */
  digest(value: Buffer): string {
    return createHmac('sha256', this.#bytes).update(value).digest('hex');
  }
}
