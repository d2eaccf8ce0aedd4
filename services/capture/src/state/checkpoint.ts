import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isSequence } from '@sluice/envelope';
import { PipelineError, refuseNewer } from '@sluice/runtime';
import { NO_SNAPSHOTS, snapshotsSchema, type Snapshots } from './kept-snapshots.ts';

/** How checkpoints of before there were jobs told of a table's snapshot. */
const tableProgress = z.object({
  state: z.enum(['running', 'done']),
  lastKey: z.array(z.string()).nullable(),
  order: z.string(),
  rows: z.number().int().nonnegative(),
  reconcile: z.boolean(),
});

const VERSION = 1;

/**
 * What a restart needs. Written in the same Kafka transaction as the rows it covers. A reader passes over members that it does
 * not know, so that an earlier version can take over (docs/decisions/0013).
 */
export const checkpointSchema = z.object({
  version: z.literal(VERSION),
  pipeline: z.string(),
  flavour: z.enum(['mysql', 'mariadb']),
  /** Who counts the coordinates: the server's uuid, or for MariaDB its server id and domain. */
  server: z.string(),
  file: z.string(),
  /** Creation time of the file by its format event, seconds since 1970; 0 before it was seen. */
  fileCreatedAt: z.number().int(),
  /** Start of the open transaction, else the end of the last one (bytes); 0 while only `gtidSet` says what was published. */
  position: z.number().int().nonnegative(),
  /** The last sequence offset used in the file before `position`. */
  floor: z.number().int().nonnegative(),
  /** Highest sequence published; rows up to it are dropped when a transaction is read again. */
  highest: z.string().refine(isSequence),
  /** Transactions passed, without the open one; null where the server gives no GTIDs. */
  gtidSet: z.string().nullable(),
  generation: z.number().int().min(1).max(921),
  /** By `database.table`, in a checkpoint of before there were jobs. */
  snapshot: z.record(z.string(), tableProgress).exactOptional(),
  snapshots: snapshotsSchema.exactOptional(),
  /** Milliseconds since 1970. */
  savedAt: z.number(),
});

export type Checkpoint = z.infer<typeof checkpointSchema>;

const sealedSchema = z.object({ checkpoint: checkpointSchema, checksum: z.string() });

interface Sealed {
  readonly checkpoint: Checkpoint;
  readonly checksum: string;
}

function checksum(checkpoint: Checkpoint): string {
  return createHash('sha256').update(JSON.stringify(checkpoint)).digest('hex');
}

export function sealCheckpoint(checkpoint: Checkpoint): Sealed {
  return { checkpoint, checksum: checksum(checkpoint) };
}

/** Throws RECORD_TOO_NEW, or CHECKPOINT_CORRUPT when the record is no checkpoint or its checksum does not fit. */
export function openCheckpoint(value: Buffer): Checkpoint {
  try {
    const written: unknown = JSON.parse(value.toString());
    refuseNewer('The newest checkpoint', (written as Partial<Sealed> | null)?.checkpoint?.version, VERSION);
    const sealed = sealedSchema.parse(written);
    // Of the members in the order in which they were written, which need not be the schema's.
    if (checksum((written as Sealed).checkpoint) === sealed.checksum) return sealed.checkpoint;
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError(
      'CHECKPOINT_CORRUPT',
      'The newest record of the checkpoint topic cannot be read.',
      { cause: error },
    );
  }
  throw new PipelineError('CHECKPOINT_CORRUPT', 'The newest checkpoint does not match its checksum.');
}

/** The snapshots that a checkpoint tells of. A table that an older version was in the middle of is read from its beginning. */
export function snapshotsOf({ snapshots, snapshot = {} }: Checkpoint): Snapshots {
  if (snapshots !== undefined) return snapshots;
  const whole = Object.entries(snapshot).filter(([, { state }]) => state === 'done');
  return { ...NO_SNAPSHOTS, whole: whole.map(([table]) => table) };
}
