import { z } from 'zod';

/**
 * What a process of a sink says of itself in its consumer group, so that `sluice` finds each of them; the broker forgets it with
 * the member. Another version may say more.
 */
const instanceSchema = z.object({
  version: z.literal(1),
  /** `sink-` and the name of the sink. */
  service: z.string(),
  /** As in its `/status`. */
  instance: z.string(),
  /** `ops.host`: an address, or one that stands for all of its host. */
  host: z.string(),
  port: z.int().min(1).max(65_535),
  isTls: z.boolean(),
});

export type Instance = Readonly<Omit<z.output<typeof instanceSchema>, 'version'>>;

export function instanceRecord(instance: Instance): string {
  return JSON.stringify({ version: 1, ...instance } satisfies z.input<typeof instanceSchema>);
}

/** Null for what is no such record. */
export function instanceOf(text: string): Instance | null {
  try {
    return instanceSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
