import { z } from 'zod';
import { moment, noRequest } from './members.ts';
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
  /** Where the binlog ended there when it was chosen: the reading goes on by GTID. */
  to: placeSchema,
  /** All that had been published; null without GTIDs, and for a set of more than 1,000 characters. */
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
