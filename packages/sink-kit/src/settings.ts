import { opsSchemaFor } from '@sluice/runtime';
import { z } from 'zod';
import { selectionShape } from './table-selection.ts';

const milliseconds = z.int().min(1).max(2_147_483_647);

const retrySchema = z.strictObject({
  initialMs: milliseconds
    .default(100)
    .meta({ description: 'Upper bound of the first wait after a failure, in milliseconds.' }),
  maxMs: milliseconds
    .default(60_000)
    .meta({ description: 'Upper bound of every wait, in milliseconds; tries never end.' }),
});

const breakerSchema = z.strictObject({
  failures: z.int().min(1).max(1_000_000).default(10).meta({
    description: 'Consecutive failures after which the circuit breaker opens: the store is no longer called.',
  }),
  resetMs: milliseconds.default(60_000).meta({
    description: 'Milliseconds that the circuit breaker stays open before one batch probes the store.',
  }),
});

const diversionSchema = z.strictObject({
  records: z.int().min(1).default(100).meta({
    description:
      'Dead letters within a minute after which the sink stops, because the cause is unlikely to be the records.',
  }),
  ratio: z.number().min(0).max(1).default(0.05).meta({
    description:
      'Share of dead letters within a minute after which the sink stops, counted from 1,000 records up.',
  }),
});

/**
 * Settings that every sink has; a sink's own schema is `z.strictObject({ ...sinkBaseSchema.shape, … })`, with ports of its
 * own where other sinks run on the same host: `ops: opsSchemaFor('redis').prefault({})`.
 */
export const sinkBaseSchema = z.strictObject({
  ops: opsSchemaFor('').prefault({}),
  type: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'may hold lower-case letters, digits, `-`')
    .optional()
    .meta({
      description:
        'Which sink this is, for a section with another name: `redis`, `elasticsearch`, `mysql`. Default: the name of the section.',
    }),
  ...selectionShape,
  package: z.string().min(1).optional().meta({
    description:
      'Package of the sink, where it is none of those that are installed with Sluice: its name, as Node.js finds it from the working directory, or its folder (`./…` or from the root).',
  }),
  batchRecords: z
    .int()
    .min(1)
    .max(100_000)
    .default(2000)
    .meta({ description: 'Most records given to the store at once.' }),
  batchBytes: z.int().min(1024).max(268_435_456).default(4_194_304).meta({
    description: 'Most bytes of record values given to the store at once.',
  }),
  concurrency: z
    .int()
    .min(1)
    .max(1000)
    .default(8)
    .meta({ description: 'Partitions written at the same time.' }),
  fetchBytes: z.int().min(65_536).max(268_435_456).default(131_072).meta({
    description:
      'Most bytes, as compressed, fetched of one partition at once; of all together four times as many.',
  }),
  sessionTimeoutMs: milliseconds.min(6000).default(45_000).meta({
    description:
      'Milliseconds after which a silent sink loses its partitions (`session.timeout.ms`); after a crash, its partitions wait this long.',
  }),
  retry: retrySchema.prefault({}),
  breaker: breakerSchema.prefault({}),
  quickRetries: z.int().min(0).max(100).default(3).meta({
    description: 'Retries of a single rejected record before it becomes a dead letter.',
  }),
  diversion: diversionSchema.prefault({}),
  tombstoneDays: z.number().positive().max(3650).default(37).meta({
    description:
      'Days that the sink remembers a deleted row, so that no old change restores it. Never shorter than topics and dead letters are kept (`topics.retentionMs` and 30 days).',
  }),
  strict: z.boolean().default(false).meta({
    description:
      'Pause a partition at a record that the store rejects until an operator decides, instead of writing a dead letter.',
  }),
  strictTables: z
    .array(z.string().regex(/^[^.]+\.[^.]+$/, 'must be `database.table` or `database.*`'))
    .default([])
    .meta({ description: 'Tables to which `strict` applies, as `database.table` or `database.*`.' }),
});

export type SinkSettings = z.output<typeof sinkBaseSchema>;
