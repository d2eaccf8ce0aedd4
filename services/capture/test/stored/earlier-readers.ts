import { z } from 'zod';

/*
 * How version 0.1.0 first read checkpoints and the schema history: it refused members that it did not know. Never changed while a
 * pipeline may be taken back to that version: what is written now must pass (docs/decisions/0013).
 */

const job = z.strictObject({
  id: z.string(),
  database: z.string(),
  table: z.string(),
  origin: z.enum(['initial', 'request']),
  state: z.enum(['pending', 'running', 'paused', 'done', 'failed', 'cancelled']),
  condition: z.string().nullable(),
  reconcile: z.boolean(),
  since: z.string().nullable(),
  lastKey: z.array(z.string()).nullable(),
  order: z.string(),
  rows: z.number(),
  rowsRead: z.number(),
  rowsExpected: z.number().nullable(),
  activeMs: z.number(),
  requestedAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
});

const tableProgress = z.strictObject({
  state: z.enum(['running', 'done']),
  lastKey: z.array(z.string()).nullable(),
  order: z.string(),
  rows: z.number(),
  reconcile: z.boolean(),
});

export const earlierCheckpoint = z.strictObject({
  version: z.literal(1),
  pipeline: z.string(),
  flavour: z.enum(['mysql', 'mariadb']),
  server: z.string(),
  file: z.string(),
  fileCreatedAt: z.number(),
  position: z.number(),
  floor: z.number(),
  highest: z.string(),
  gtidSet: z.string().nullable(),
  generation: z.number(),
  snapshot: z.record(z.string(), tableProgress).exactOptional(),
  snapshots: z
    .strictObject({
      jobs: z.array(job),
      whole: z.array(z.string()),
      requested: z.number(),
      unsureUntil: z.strictObject({ file: z.string(), position: z.number() }).exactOptional(),
      followed: z.record(z.string(), z.string()).exactOptional(),
    })
    .exactOptional(),
  savedAt: z.number(),
});

export const earlierSealed = z.strictObject({ checkpoint: earlierCheckpoint, checksum: z.string() });

const columns = z.array(
  z.strictObject({
    name: z.string(),
    type: z.string(),
    nullable: z.boolean(),
    charset: z.string().nullable(),
  }),
);

export const earlierHistory = z.strictObject({
  database: z.string(),
  table: z.string(),
  version: z.number(),
  columns,
  keyColumns: z.array(z.string()),
  source: z
    .strictObject({
      columns,
      keyColumns: z.array(z.string()),
      plan: z.string(),
      condition: z.string().exactOptional(),
    })
    .exactOptional(),
  leftOut: z.array(z.string()).exactOptional(),
  routing: z.string().exactOptional(),
  sequence: z.string(),
});
