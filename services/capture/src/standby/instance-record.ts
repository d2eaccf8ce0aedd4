import { z } from 'zod';

/** Of a fence: by what the brokers know the publisher. Which of two is the later: `fence-order.ts`. */
const termSchema = z.object({ producerId: z.string().regex(/^\d{1,19}$/), epoch: z.int().min(0) });
export type Term = Readonly<z.output<typeof termSchema>>;

/** What a capture says of itself. Another version may say more. */
const recordSchema = z.object({
  version: z.literal(1),
  /** As in its `/status`. */
  instance: z.string(),
  /** Version of Sluice. */
  sluice: z.string(),
  mark: z.object({
    host: z.string(),
    pid: z.string(),
    since: z.string(),
    kernel: z.string(),
    ticks: z.string(),
  }),
  /** The word of `/status`. */
  state: z.string(),
  /** Since when it leads or stands by, ISO 8601 by its own clock: for people. */
  since: z.string(),
  /** Null for a capture that does not lead. */
  term: termSchema.nullable(),
  /** Of a leader: whether it gets on. What a leader says that does not is no sign of life. */
  isWell: z.boolean(),
  /** Of a leader that has ended, in good order: who is to go on; null in it: whoever comes. */
  goodbye: z.object({ to: z.string().nullable() }).nullable(),
  /** Of a leader that is about to hand over. */
  handing: z.object({ id: z.string(), to: z.string() }).nullable(),
  /** Of a standby: the handover that it is ready for. */
  preparedFor: z.string().nullable(),
  /** Of a standby: the last sign of the leader whose place it wants to take. */
  candidateFor: z.string().nullable(),
  /** Of a standby: that it was given the order to have this leader hand over, and to whom; null: to whoever is ready. */
  request: z.object({ id: z.string(), of: z.string(), to: z.string().nullable() }).nullable(),
});

export type InstanceRecord = Readonly<z.output<typeof recordSchema>>;

/** Null for what is no such record. */
export function parseInstanceRecord(value: Buffer): InstanceRecord | null {
  try {
    return recordSchema.safeParse(JSON.parse(value.toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
