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

/**
 * How far capture has published by this checkpoint: the highest sequence of a row, or where its stream stands in the binlog, whichever is
 * further. Null for what is no checkpoint.
 */
export function checkpointBound(value: Buffer): Sequence | null {
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
  return stands > highest ? stands : highest;
}
