import type { ByteTarget } from '../../src/index.ts';

/** A growing byte target; starts tiny by default so that every test also tests the growing. */
export class BufferTarget implements ByteTarget {
  bytes: Buffer;
  position = 0;

  constructor(initialBytes = 16) {
    this.bytes = Buffer.alloc(initialBytes);
  }

  reserve(n: number): void {
    const needed = this.position + n;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.alloc(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
  }

  reset(): void {
    this.position = 0;
  }
}
