import type { ByteWriter } from '../byte-writer.ts';

/** Writes the value in `source[start, end)` as JSON bytes; reserves what it needs in `out` itself. */
export type ValueWriter = (source: Buffer, start: number, end: number, out: ByteWriter) => void;
