import { DDL_CLASSES, DDL_POLICIES } from '@sluice/envelope';
import { HEALTH_STATUSES } from '@sluice/runtime';
import { z } from 'zod';
import { capturesSchema } from './captures.ts';
import { noRequest } from './members.ts';
import { operation } from './operation.ts';
import { JOB_STATES } from './snapshots.ts';

const count = z.int().min(0);
/** A 64-bit number as text. */
const digits = z.string();

/** One error: what, since when, seen last when, and whether it is over. */
const troubleSchema = z.object({
  code: z.string(),
  message: z.string(),
  /** When it was first seen since all was well. */
  since: z.iso.datetime(),
  /** When it was seen last. */
  at: z.iso.datetime(),
  /** When what it was about worked again; null while it does not. */
  resolvedAt: z.iso.datetime().nullable(),
});

const perSecond = z.number().min(0);

/** What a process did lately, under the names of older manuals and with the windows of the recording rules. */
const rates = {
  /** Errors as a share of errors and handled records, of the last five minutes: 0 to 1, `cdc_error_rate`. */
  errorRate: z.number().min(0).max(1),
};

const streamSchema = z.object({
  /** `host:port` of the server that is read; an older capture does not say it. */
  server: z.string().optional(),
  file: z.string(),
  position: z.int().min(0),
  gtidSet: z.string().nullable(),
  generation: count,
  highestSequence: digits,
  /** Whether all that the source has sent is read. */
  atTip: z.boolean(),
  lastCommit: z.iso.datetime().nullable(),
  /** Transactions of this session. */
  transactions: count,
  queuedBytes: count,
});

/** The process that answers: an older one does not say it. */
const about = {
  version: z.string().optional(),
  /** `capture`, or `sink-` and the name of the sink. */
  service: z.string().optional(),
  /** Name of this process and of no other. */
  instance: z.string().optional(),
  startedAt: z.iso.datetime().optional(),
  /** By which configuration: of the service's settings without secrets, so that processes can be compared. */
  config: z
    .object({
      /** SHA-256, 64 hexadecimal digits. */
      hash: z.string(),
      loadedAt: z.iso.datetime(),
    })
    .optional(),
  /** The error for which the service does no work until a person has acted; null while it works. */
  needsOperator: z
    .object({
      code: z.string(),
      message: z.string(),
      fix: z.string(),
      since: z.iso.datetime(),
      /** When the service looks whether it is over; null: at the next start of the process. */
      nextCheckAt: z.iso.datetime().nullable(),
    })
    .nullable()
    .optional(),
};

/**
 * Where capture is, in one word: the same in `/status`, `/health`, `cdc_capture_state` and the log. A start goes through `checking` (of the
 * source and Kafka), `fencing` (of older captures of the pipeline) and `restoring` (of the checkpoint). `standby`: checked, and another
 * capture of the pipeline is at work. `snapshot`: tables are read beside the stream. `stuck`: nothing moves. `waiting`: for the next start,
 * after an error that may go away. `failed`: a person has to look.
 */
export const CAPTURE_STATES = [
  'starting',
  'checking',
  'standby',
  'fencing',
  'restoring',
  'streaming',
  'snapshot',
  'stuck',
  'waiting',
  'failed',
  'stopped',
] as const;
export type CaptureStateName = (typeof CAPTURE_STATES)[number];

const captureStatusSchema = z.object({
  ...about,
  pipeline: z.string(),
  /** Logical name of the source. */
  source: z.string(),
  state: z.enum(CAPTURE_STATES),
  /** Which capture of the pipeline leads, and which stand by; an older one does not say it. */
  captures: capturesSchema.optional(),
  /** Null while it is not known. */
  behindSeconds: z.number().nullable(),
  /** Null while capture is not connected. */
  stream: streamSchema.nullable(),
  records: z.object({
    /** Rows published by this process; an older one does not say it. */
    published: count.optional(),
    openDeadLetters: count.nullable(),
  }),
  cdc: z.object({
    /** Row changes that were published per second, of the last minute: `cdc_ingest_rate`. */
    ingestTPS: perSecond,
    ...rates,
  }),
  /** The newest job of each table, by `database.table`. */
  snapshot: z.record(
    z.string(),
    z.object({ state: z.enum(JOB_STATES), rows: count.optional(), job: z.string().optional() }),
  ),
  /** Null before the DDL topic was read. */
  ddl: z
    .object({
      unacknowledged: count,
      /** The newest ones; `/api/v1/ddl/alerts` has all. */
      alerts: z.array(
        z.object({
          id: digits,
          class: z.enum(DDL_CLASSES),
          policy: z.enum(DDL_POLICIES),
          tables: z.array(z.string()),
          advice: z.string(),
        }),
      ),
    })
    .nullable(),
  /** What the source keeps out of its binlog; null while capture is not connected. */
  gaps: z
    .object({
      /** A replica that does not log what it applies: its setting. */
      replica: z.string().nullable(),
      /** Tables whose rows foreign keys change without a trace. */
      cascades: z.array(z.string()).readonly(),
      /** Those of them that are read again. */
      followed: z.array(z.string()).readonly(),
    })
    .nullable(),
  /** Tables of which nothing is published until `sluice table resume`, as `database.table`. */
  stopped: z.array(z.string()),
  /** Tables that are not captured, and why. */
  refused: z.array(z.object({ table: z.string(), code: z.string(), why: z.string() })),
  /** The newest error that stands, else the one that was over last. */
  lastError: troubleSchema.nullable(),
});

export type CaptureStatus = Readonly<z.output<typeof captureStatusSchema>>;

/** `waiting`: no topic of the prefix exists yet. `failed`: a person has to act. */
const SINK_PHASES = ['opening', 'waiting', 'joining', 'running', 'failed', 'stopping'] as const;
/**
 * `retry`: waits for its next try; `breaker`: the store is not called; `schema`: the table's shape is not known there;
 * `strict`: a record of a strict table is refused and waits for an operator; `ddl`: so does a change of the table, by `ddl` of sluice.yaml;
 * `operator`: somebody has paused the sink, or the table.
 */
const PAUSE_REASONS = ['retry', 'breaker', 'schema', 'strict', 'ddl', 'operator'] as const;

export type SinkPhase = (typeof SINK_PHASES)[number];
export type PauseReason = (typeof PAUSE_REASONS)[number];

const place = { topic: z.string(), partition: count };

const sinkStatusSchema = z.object({
  ...about,
  pipeline: z.string(),
  sink: z.string(),
  /** Consumer group. */
  group: z.string(),
  /** `stuck`: Kafka gives it nothing for a while. */
  phase: z.enum([...SINK_PHASES, 'stuck']),
  breaker: z.enum(['closed', 'open', 'halfOpen']),
  records: z.object({
    /** Of this process. */
    handled: count,
    /** Of this process: passed over, because the settings of the sink do not take them. */
    skipped: count,
    /** Written by this process. */
    deadLetters: count,
    /** Of the sink, that nobody has resolved; null while they have not been read. */
    openDeadLetters: count.nullable(),
  }),
  cdc: z.object({
    /** Records per second that the store has taken from this process, of the last minute: `cdc_apply_rate`. */
    applyTPS: perSecond,
    ...rates,
  }),
  /** From the source's commit to the store, of the last minute; null without a record. */
  latencyMs: z.object({ p50: z.number(), p99: z.number(), samples: count }).nullable(),
  /** The newest sign of capture: when it was made, and when it was seen; milliseconds since 1970. */
  heartbeat: z.object({ sourceMs: z.number(), seenMs: z.number() }).nullable(),
  lag: z.object({
    /** Null while it is not known. */
    records: count.nullable(),
    partitions: z.array(z.object({ ...place, records: count })).readonly(),
  }),
  /** Members of the consumer group that are none of this pipeline's. */
  strangers: z.array(z.string()).readonly(),
  paused: z
    .array(
      z.object({ ...place, reason: z.enum(PAUSE_REASONS), since: z.number(), detail: z.string() }).readonly(),
    )
    .readonly(),
  /** What operators have paused: `database.table`, or `*` for all of the sink. */
  pausedByOperator: z.array(z.string()).readonly().optional(),
  /** Topics of which the store lacks what was deleted before the sink could read it. */
  incomplete: z
    .array(
      z
        .object({
          topic: z.string(),
          /** Null for a topic that several tables share. */
          table: z.string().nullable(),
          partitions: z.array(count).readonly(),
          since: z.iso.datetime(),
          wholeAgain: z.array(z.string()).readonly(),
          fix: z.string(),
        })
        .readonly(),
    )
    .readonly(),
  lastError: troubleSchema.nullable(),
});

export type SinkStatus = Readonly<z.output<typeof sinkStatusSchema>>;

const page = {
  method: 'GET',
  role: 'viewer',
  path: '/api/v1/status',
  aliases: ['/status'],
  summary: 'Where the service is, what waits, the last error.',
  request: noRequest,
} as const;

/** Of any service: who answers. */
export const anyStatus = operation({
  ...page,
  answer: z.object({ ...about, pipeline: z.string().optional(), group: z.string().optional() }),
});

/** An older or newer version may not have all of it: what is there must have its shape. */
export const captureStatus = operation({
  ...page,
  /** A state is shown as it is said: other versions have other words. */
  answer: captureStatusSchema.extend({ state: z.string() }).partial(),
});
export const sinkStatus = operation({ ...page, answer: sinkStatusSchema.partial() });

/** 503 with the same body when a component is down. */
export const health = operation({
  method: 'GET',
  role: 'viewer',
  path: '/api/v1/health',
  aliases: ['/health', '/api/health/detailed'],
  summary: 'The health of each component; 503 when one is down.',
  request: noRequest,
  answer: z.object({
    status: z.enum(HEALTH_STATUSES),
    ready: z.boolean(),
    /** Of capture: as `/status` says it. Sinks, and older versions, do not say it. */
    state: z.string().optional(),
    components: z.record(
      z.string(),
      z.object({ status: z.enum(HEALTH_STATUSES), detail: z.string().optional() }),
    ),
  }),
});

export type Health = Readonly<z.output<(typeof health)['answer']>>;
