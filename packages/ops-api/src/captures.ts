import { z } from 'zod';
import { by, noRequest } from './members.ts';
import { operation } from './operation.ts';

/** One of several processes of capture. */
const captureSchema = z.object({
  /** As in its `/status`. */
  instance: z.string(),
  host: z.string(),
  /** Version of Sluice. */
  version: z.string(),
  state: z.string(),
  /** Since when it leads or stands by, by its own clock. */
  since: z.string(),
  /** Whether it gets on; of a standby: whether it can reach source and Kafka. */
  isWell: z.boolean(),
});

export const capturesSchema = z.object({
  /** Who answers. */
  instance: z.string(),
  /** Who streams, or has streamed last; null while nobody is known to. */
  leader: captureSchema.nullable(),
  /** Those that are ready to take over, without the one that leads. */
  standbys: z.array(captureSchema).readonly(),
});

export type Captures = Readonly<z.output<typeof capturesSchema>>;

export const showLeader = operation({
  method: 'GET',
  role: 'viewer',
  path: '/api/v1/capture/leader',
  summary: 'Which capture of the pipeline streams, and which stand by.',
  request: noRequest,
  answer: capturesSchema,
});

/** Given to any capture: a standby passes it on. 503 when nobody is ready to take over. */
export const handOver = operation({
  method: 'POST',
  role: 'operator',
  path: '/api/v1/capture/handover',
  summary: 'The capture that streams publishes what it has read, and lets a standby go on.',
  request: z.strictObject({
    /** Instance of the standby that is to go on; null: any that is ready. */
    to: z.string().min(1).max(300).nullable().default(null),
    by,
  }),
  answer: z.object({
    /** Instance of the capture that has streamed. */
    from: z.string(),
    /** Instance of the one that continues; null while the order is on its way to the one that streams. */
    to: z.string().nullable(),
  }),
  success: 202,
});
