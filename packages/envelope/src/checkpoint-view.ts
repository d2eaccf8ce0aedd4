import { z } from 'zod';
import { formatSequence, GENERATION_MAX, isSequence, type Sequence } from './sequence.ts';

/** Of a checkpoint of capture, what others than capture read of it. */
const schema = z.object({
  checkpoint: z.object({
    generation: z.number().int().min(1).max(GENERATION_MAX),
    file: z.string(),
    highest: z.string().refine(isSequence),
  }),
});

/** Header of a checkpoint with the identity of its generation: a member of its own would be refused by the first 0.1.0. */
export const GENERATION_ID_HEADER = 'generation-id';

/** What a checkpoint says of its generation. */
export interface Generation {
  readonly number: number;
  /** Given when it was opened: two of one number have different ones. Null where a version opened it that gave none. */
  readonly id: string | null;
}

/** What others than capture read of a checkpoint. */
export interface CheckpointView {
  /** How far capture has published: the highest sequence of a row, or where its stream stands in the binlog, whichever is further. */
  readonly bound: Sequence;
  readonly generation: Generation;
}

/**
 * Null for what is no checkpoint.
 * @param id what the record's header `GENERATION_ID_HEADER` says; null where it has none
 */
export function viewCheckpoint(value: Buffer, id: string | null): CheckpointView | null {
  let written: unknown;
  try {
    written = JSON.parse(value.toString('utf8'));
  } catch {
    return null;
  }
  const { data } = schema.safeParse(written);
  if (data === undefined) return null;
  const { generation, file, highest } = data.checkpoint;
  const stands = formatSequence(generation, Number(/\.(\d{1,6})$/u.exec(file)?.[1] ?? 0), 0);
  return {
    bound: stands > highest ? stands : highest,
    generation: { number: generation, id },
  };
}
