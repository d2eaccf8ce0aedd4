import { z } from 'zod';
import { by, noRequest, reason, tableText } from './members.ts';
import { operation } from './operation.ts';

const request = z.strictObject({ table: tableText, by, reason: reason.optional() });
/** Ids of the changes that may be applied now. */
const resumed = z.array(z.string());

/** Capture publishes the changes of a table again that it has stopped: it is read again. */
export const resumeTable = operation({
  method: 'POST',
  role: 'operator',
  path: '/api/v1/tables/resume',
  aliases: ['/api/tables/resume'],
  summary: 'Publish the changes of a stopped table again: a snapshot reads it first.',
  request,
  answer: z.object({ table: z.string(), resumed }),
});

/** A sink applies the changes of a table that wait for an operator. */
export const resumeSinkTable = operation({
  method: 'POST',
  role: 'operator',
  path: '/api/v1/tables/resume',
  aliases: ['/tables/resume'],
  summary: 'Apply the changes of a table that wait for an operator.',
  request,
  answer: z.object({
    sink: z.string(),
    table: z.string(),
    resumed,
    /** Partitions of the table that this process has looked at: what waits in them is in `resumed`. An older version does not say it. */
    looked: z
      .array(z.object({ topic: z.string(), partition: z.int().min(0) }))
      .readonly()
      .optional(),
  }),
});

/** A change of a table that waits for an operator. */
const heldChangeSchema = z.object({
  /** Of the decision that lets it pass: the same in every partition and every process. */
  id: z.string(),
  /** `database.table` */
  table: z.string(),
  topic: z.string(),
  sequence: z.string(),
  type: z.string(),
});

export type HeldChange = Readonly<z.output<typeof heldChangeSchema>>;

/** Those that wait in this process of the sink. */
export const listPausedTables = operation({
  method: 'GET',
  role: 'viewer',
  path: '/api/v1/tables/paused',
  aliases: ['/tables/paused'],
  summary: 'Changes of tables that wait for an operator in this process.',
  request: noRequest,
  answer: z.object({ sink: z.string(), paused: z.array(heldChangeSchema).readonly() }),
});
