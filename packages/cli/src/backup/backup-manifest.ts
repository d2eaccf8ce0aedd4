import { refuseNewer } from '@sluice/runtime';
import { z } from 'zod';

/** Raised when an earlier version must not read it; members that a reader does not know are passed over (docs/decisions/0013). */
const VERSION = 1;

export const MANIFEST = 'manifest.json';
export const GROUPS = 'groups.json';
export const CONFIGURATION = 'configuration.json';

/** No path: what is read stands in the folder itself. */
const fileName = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/);

const topicSchema = z.object({
  name: z.string(),
  /** Kafka's id of it. */
  id: z.string(),
  partitions: z.int().min(1),
  replicationFactor: z.int().min(1),
  /** Settings of its own, by Kafka's names. */
  configs: z.record(z.string(), z.string()),
  /** Null for a topic whose records are not in the backup. */
  records: z.object({ file: fileName, count: z.int().min(0) }).nullable(),
});

const manifestSchema = z.object({
  format: z.literal('sluice-backup'),
  version: z.literal(VERSION),
  pipeline: z.string(),
  /** First part of the topic names. */
  prefix: z.string(),
  /** Of the Kafka that it was taken from. */
  clusterId: z.string(),
  takenAt: z.iso.datetime(),
  /** Version of Sluice that took it. */
  sluice: z.string(),
  /** Where the checkpoint stands. */
  source: z.object({
    flavour: z.string(),
    /** The server's uuid, or for MariaDB its server id and domain. */
    server: z.string(),
    file: z.string(),
    position: z.int().min(0),
    gtidSet: z.string().nullable(),
    generation: z.int().min(1),
    /** Milliseconds since 1970. */
    savedAt: z.number(),
  }),
  topics: z.array(topicSchema),
  /** Every other file of the folder. */
  files: z.record(fileName, z.object({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});

const groupsSchema = z.array(
  z.object({
    sink: z.string(),
    group: z.string(),
    offsets: z.array(
      z.object({
        topic: z.string(),
        partition: z.int().min(0),
        offset: z.string().regex(/^\d+$/),
        /** Of the topic that the offset is a place of; null where none was stored with it. */
        topicId: z.string().nullable(),
      }),
    ),
  }),
);

/** What a backup says of itself. */
export type BackupManifest = Readonly<z.output<typeof manifestSchema>>;
export type BackupTopic = BackupManifest['topics'][number];
/** A sink's consumer group, and where it stood. */
export type BackupGroup = z.output<typeof groupsSchema>[number];

const checkpointSchema = z.object({ checkpoint: manifestSchema.shape.source });

/** Where a checkpoint stands. Throws ZodError or SyntaxError for what is none. */
export function sourceOf(checkpoint: Buffer): BackupManifest['source'] {
  return checkpointSchema.parse(JSON.parse(checkpoint.toString('utf8'))).checkpoint;
}

export function manifestText(manifest: Omit<BackupManifest, 'format' | 'version'>): string {
  return `${JSON.stringify({ format: 'sluice-backup', version: VERSION, ...manifest }, null, 2)}\n`;
}

/** Throws RECORD_TOO_NEW; ZodError or SyntaxError for what is no manifest. */
export function parseManifest(text: string): BackupManifest {
  const written: unknown = JSON.parse(text);
  refuseNewer('The backup', (written as { version?: unknown } | null)?.version, VERSION);
  return manifestSchema.parse(written);
}

/** Throws ZodError or SyntaxError. */
export function parseGroups(text: string): readonly BackupGroup[] {
  return groupsSchema.parse(JSON.parse(text));
}
