/**
 * A growing buffer that values are written into. Whoever writes reserves first and then writes through `bytes` and
 * `position`; `reserve` may replace `bytes`, so it is read again after every call.
 */
export class ByteWriter {
  bytes: Buffer;
  position: number;

  constructor(initialBytes = 65_536) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
    this.position = 0;
  }

  /** Makes room for `count` more bytes behind `position`. */
  reserve(count: number): void {
    if (this.bytes.length - this.position >= count) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.position + count));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
  }

  /** Forgets what was written; the memory is kept for the next use. */
  reset(): void {
    this.position = 0;
  }
}
