import { z } from 'zod';
import { by, limit, LISTED_MAX, reason } from './members.ts';
import { operation } from './operation.ts';

/** Dead letters replayed by one request: its answer must come before a client's patience ends. */
export const REPLAYED_MAX = 100;

/** No id of a record or a held change is longer: it has the name of a topic and of a table. */
const ID_LENGTH = 600;

/** `gone`: retention has deleted the letter meanwhile; `refused`: replayed too often already, or never a record. */
const REPLAY_RESULTS = ['applied', 'stale', 'failed', 'refused', 'gone'] as const;

const offset = z.string().regex(/^\d+$/);
/** ISO 8601, of a request. */
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** Every part that is given must fit. */
const filter = {
  ids: z.array(z.string()).max(LISTED_MAX).optional(),
  /** `database.table` */
  table: z.string().optional(),
  /** Text of the record key, e.g. `{"id":42}`. */
  key: z.string().optional(),
  /** Error code, e.g. `MYSQL_VALUE_REFUSED`. */
  error: z.string().optional(),
  since: instant.optional(),
  until: instant.optional(),
};

/** Of a query, where one id is a text. */
const queriedIds = z.union([z.string().transform((id) => [id]), z.array(z.string()).max(LISTED_MAX)]);

const command = {
  ...filter,
  by,
  /** Only say what would be done. */
  dryRun: z.boolean().default(true),
};

const deadLetterSchema = z.object({
  id: z.string(),
  topic: z.string(),
  partition: z.int().min(0),
  /** Of the record that failed; null for a row that never became one. */
  offset: offset.nullable(),
  /** `database.table`; the topic where nothing tells it. */
  table: z.string(),
  key: z.string().nullable(),
  sequence: z.string(),
  stage: z.string(),
  errorClass: z.string(),
  errorCode: z.string(),
  message: z.string(),
  attempts: z.int().min(0),
  failedAt: z.iso.datetime(),
  replays: z.int().min(0),
  /** Where the dead-letter topic holds the newest copy. */
  place: z.object({ partition: z.int().min(0), offset }),
  decision: z
    .object({
      outcome: z.enum(['replayed', 'stale', 'discarded', 'failed', 'released']),
      at: z.iso.datetime(),
      by: z.string(),
      reason: z.string().optional(),
    })
    .nullable(),
});

export type ListedDeadLetter = Readonly<z.output<typeof deadLetterSchema>>;

const haltSchema = z.object({
  at: z.int(),
  settings: z.string(),
  code: z.string(),
  message: z.string(),
  topic: z.string(),
  partition: z.int(),
  offset: z.string(),
  accepted: z.object({ at: z.int(), by: z.string(), reason: z.string() }).nullable(),
});

export const listDeadLetters = operation({
  method: 'GET',
  role: 'viewer',
  path: '/api/v1/dlq',
  aliases: ['/dlq'],
  summary: 'Dead letters, and why the sink is halted.',
  request: z.strictObject({ ...filter, ids: queriedIds.optional(), limit }),
  answer: z.object({
    sink: z.string(),
    /** Letters that nobody has resolved. */
    depth: z.int().min(0),
    /** Why the sink was stopped for its many dead letters; null when it was not. */
    halt: haltSchema.nullable(),
    matching: z.int().min(0),
    letters: z.array(deadLetterSchema).readonly(),
  }),
});

const replayedSchema = z.object({
  id: z.string(),
  result: z.enum(REPLAY_RESULTS),
  /** Error code of a failed one. */
  code: z.string().optional(),
  message: z.string().optional(),
});

export type ReplayResult = (typeof REPLAY_RESULTS)[number];
export type Replayed = Readonly<z.output<typeof replayedSchema>>;

const forecastSchema = z.object({ id: z.string(), decision: z.enum(['replay', 'refuse']) });

export const replayDeadLetters = operation({
  method: 'POST',
  role: 'operator',
  path: '/api/v1/dlq/replay',
  aliases: ['/dlq/replay'],
  summary: 'Replay dead letters; a dry run unless `dryRun` is false.',
  request: z.strictObject({
    ...command,
    /** Those too that were replayed often without success. */
    force: z.boolean().default(false),
    limit: z.int().min(1).max(REPLAYED_MAX).default(REPLAYED_MAX),
  }),
  answer: z.discriminatedUnion('dryRun', [
    z.object({
      dryRun: z.literal(true),
      sink: z.string(),
      matching: z.int(),
      results: z.array(forecastSchema),
    }),
    z.object({
      dryRun: z.literal(false),
      sink: z.string(),
      matching: z.int(),
      results: z.array(replayedSchema),
      /** Why the sink went no further. */
      stopped: z.object({ code: z.string(), message: z.string() }).optional(),
    }),
  ]),
});

export type ReplayOrder = z.output<(typeof replayDeadLetters)['request']>;
export type ReplayAnswer = z.output<(typeof replayDeadLetters)['answer']>;

export const discardDeadLetters = operation({
  method: 'POST',
  role: 'admin',
  path: '/api/v1/dlq/discard',
  aliases: ['/dlq/discard'],
  summary: 'Resolve dead letters without applying them; a dry run unless `dryRun` is false.',
  request: z.strictObject({ ...command, reason: reason.optional() }),
  answer: z.object({ sink: z.string(), dryRun: z.boolean(), letters: z.array(z.string()) }),
});

/** Lets a record that holds up a strict table become a dead letter. */
export const releaseRecord = operation({
  method: 'POST',
  role: 'admin',
  path: '/api/v1/dlq/release',
  aliases: ['/dlq/release'],
  summary: 'Let a record that holds up a strict table become a dead letter.',
  request: z.strictObject({ id: z.string().min(1).max(ID_LENGTH), by, reason: reason.optional() }),
  answer: z.object({ sink: z.string(), released: z.string() }),
});
