import { z } from 'zod';
import { by, moment, noRequest, reason } from './members.ts';
import { operation } from './operation.ts';

/** A place in the binlog of a source server. */
const placeSchema = z.object({
  /** `host:port`; null where it is not known. */
  address: z.string().nullable(),
  /** MySQL: its uuid; MariaDB: server id and domain. */
  server: z.string(),
  file: z.string(),
  position: z.int().min(0),
});

const switchSchema = z.object({
  /** Of the sequences from here on. */
  generation: z.int().min(1),
  at: moment,
  /** Where the reading ended; null for the first server. */
  from: placeSchema.nullable(),
  /** Where the binlog ended there when it was chosen: the reading continues by GTID. */
  to: placeSchema,
  /** All that had been published; null without GTIDs, for a set of more than 1,000 characters, and in all but the newest three. */
  gtidSet: z.string().nullable(),
  /** Who gave the order; null for capture itself. */
  by: z.string().nullable(),
  why: z.string(),
});

export type SourceSwitch = Readonly<z.output<typeof switchSchema>>;

/** Answered by the capture that streams: 503 at any other. */
export const sourceHistory = operation({
  method: 'GET',
  role: 'viewer',
  path: '/api/v1/source/history',
  summary: 'Which source servers were read, since when, and why: the newest 20 changes.',
  request: noRequest,
  answer: z.object({
    /** `host:port` of the server that is read. */
    server: z.string(),
    /** The oldest first. */
    switches: z.array(switchSchema).readonly(),
  }),
});

const address = z.string().min(1).max(300);

/** The `/changeMaster` of capture alone; `sluice source switchover` is all of it. Answered by the capture that streams: 503 at any other. */
export const switchSource = operation({
  method: 'POST',
  role: 'operator',
  path: '/api/v1/source/switch',
  summary:
    'Capture publishes what it has read, and continues at another server of source.hosts that has all of it.',
  request: z.strictObject({
    /** `host:port`, as source.hosts has it. */
    to: address,
    by,
    reason: reason.default(''),
  }),
  answer: z.object({
    /** The server that was read. */
    from: z.string(),
    to: z.string(),
  }),
  success: 202,
});

export const heartbeatOfSource = operation({
  method: 'POST',
  role: 'operator',
  path: '/api/v1/source/heartbeat',
  summary: 'Answers when a checkpoint that was begun after the order is in Kafka.',
  request: z.strictObject({ by }),
  answer: z.object({
    /** `host:port` of the server that is read. */
    server: z.string(),
    generation: z.int().min(1),
  }),
});

const readOnlyOrder = {
  method: 'POST',
  role: 'admin',
  request: z.strictObject({ by }),
  answer: z.object({ server: z.string(), readOnly: z.boolean() }),
} as const;

/** With the account of `source`: 503 with the statement where it may not. */
export const setSourceReadOnly = operation({
  ...readOnlyOrder,
  path: '/api/v1/source/read-only',
  summary: 'Set the primary that is read to read-only, until it is started again.',
});

export const setSourceReadWrite = operation({
  ...readOnlyOrder,
  path: '/api/v1/source/read-write',
  summary: 'Let the primary that is read take writes.',
});
