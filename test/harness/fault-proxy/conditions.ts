/** What a link does to the bytes of one direction. */
export interface Conditions {
  /** Milliseconds that every byte arrives later. */
  readonly latencyMs: number;
  /** Speed of the link; Infinity is unbounded. */
  readonly bytesPerSecond: number;
  /** Most bytes that arrive at once. */
  readonly sliceBytes: number;
  /** Nothing arrives, and nobody is told: bytes wait, as with a router that drops packets, until it ends. */
  readonly isBlackhole: boolean;
}

export type Direction = 'requests' | 'answers';

export const CLEAR: Conditions = {
  latencyMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  sliceBytes: Number.POSITIVE_INFINITY,
  isBlackhole: false,
};

/** The pieces in which a chunk arrives; views of it, none empty. */
export function slices(chunk: Buffer, { sliceBytes }: Conditions): Buffer[] {
  if (chunk.length <= sliceBytes) return chunk.length === 0 ? [] : [chunk];
  const count = Math.ceil(chunk.length / sliceBytes);
  return Array.from({ length: count }, (_, place) =>
    chunk.subarray(place * sliceBytes, (place + 1) * sliceBytes),
  );
}

/** How long the link is taken by so many bytes, in milliseconds. */
export function transmissionMs(bytes: number, { bytesPerSecond }: Conditions): number {
  return (bytes / bytesPerSecond) * 1000;
}
