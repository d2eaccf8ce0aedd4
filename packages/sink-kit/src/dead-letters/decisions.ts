import { PipelineError, refuseNewer } from '@sluice/runtime';
import { z } from 'zod';
import { SINK_OPERATIONS } from '../table-selection.ts';

/*
 * Records of a sink's decisions topic: what people (or a sink, of itself) have decided. Compacted, so the newest record of
 * a key is what holds; a null value takes it back. A reader passes over members that it does not know (docs/decisions/0013).
 */

const who = { at: z.int(), by: z.string() };

/** `failed` and `released` leave a letter open; the others resolve it. */
const deadLetterDecisionSchema = z.object({
  ...who,
  outcome: z.enum(['replayed', 'stale', 'discarded', 'failed', 'released']),
  /** When the newest copy that it covers failed, milliseconds since 1970: a copy that fails later is open again. */
  failedAt: z.int(),
  /** Replays so far. */
  replays: z.int().min(0),
  /** Error code of a failed replay, or the operator's reason. */
  reason: z.string().optional(),
});

const haltSchema = z.object({
  at: z.int(),
  /** Of the sink's settings at the time: other settings answer the halt. */
  settings: z.string(),
  code: z.string(),
  message: z.string(),
  topic: z.string(),
  partition: z.int(),
  offset: z.string(),
  accepted: z.object({ ...who, reason: z.string() }).nullable(),
});

const rewindSchema = z.object({
  ...who,
  offset: z.string().regex(/^\d+$/),
  /** Go forward too: records between were deleted unread, and an operator knows. */
  acceptGap: z.boolean(),
});

/** The sink, or a table in it, is not applied until somebody takes this back. */
const pauseSchema = z.object({ ...who, reason: z.string().optional() });

const incompleteSchema = z.object({
  /** When it was noticed, milliseconds since 1970. */
  at: z.int(),
  /** Offset of the first record that was read; a snapshot that begins behind it brings what is missing. */
  from: z.string().regex(/^\d+$/),
  /** Snapshots that reconcile and have begun since, by `database.table`: the newest one's job. */
  jobs: z.record(z.string(), z.string()),
  /** Tables of a shared topic that such a snapshot has brought since. */
  whole: z.array(z.string()),
});

const skippedSchema = z.object({
  /** When the first was skipped, milliseconds since 1970. */
  at: z.int(),
  /** Of the records that were skipped, as `operations` of the sink names them. */
  operations: z.array(z.enum(SINK_OPERATIONS)),
  /** The newest snapshot that reconciles and has begun since the settings take them. */
  job: z.string().nullable(),
});

export type DeadLetterDecision = z.output<typeof deadLetterDecisionSchema>;
export type DeadLetterOutcome = DeadLetterDecision['outcome'];
export type Halt = z.output<typeof haltSchema>;
export type PauseOrder = z.output<typeof pauseSchema>;
export type RewindOrder = z.output<typeof rewindSchema>;
/** What a sink has passed over of a table in a partition. */
export type SkippedTable = z.output<typeof skippedSchema>;

export interface SkippedPlace {
  readonly topic: string;
  readonly partition: number;
  /** `database.table` */
  readonly table: string;
}

export function skippedName({ topic, partition, table }: SkippedPlace): string {
  return `${topic}/${partition}/${table}`;
}

/** What a sink lacks of a partition. */
export type Shortfall = z.output<typeof incompleteSchema>;

export type Decision =
  | { readonly kind: 'letter'; readonly id: string; readonly value: DeadLetterDecision | null }
  | { readonly kind: 'halt'; readonly value: Halt | null }
  /** `table`: `database.table`, or `*` for all of the sink. */
  | { readonly kind: 'pause'; readonly table: string; readonly value: PauseOrder | null }
  | {
      readonly kind: 'rewind';
      readonly topic: string;
      readonly partition: number;
      readonly value: RewindOrder | null;
    }
  | {
      readonly kind: 'incomplete';
      readonly topic: string;
      readonly partition: number;
      readonly value: Shortfall | null;
    }
  | ({ readonly kind: 'skipped'; readonly value: SkippedTable | null } & SkippedPlace);

export function isResolved({ outcome }: DeadLetterDecision): boolean {
  return outcome === 'replayed' || outcome === 'stale' || outcome === 'discarded';
}

export function encodeDecision(decision: Decision): { readonly key: Buffer; readonly value: Buffer | null } {
  const { value } = decision;
  return {
    key: Buffer.from(keyOf(decision)),
    value: value === null ? null : Buffer.from(JSON.stringify(value)),
  };
}

/** Throws RECORD_TOO_NEW, and DECISIONS_CORRUPT for what no version up to this one writes: to guess could lift a halt or lose a rewind. */
export function decodeDecision(key: Buffer | null, value: Buffer | null): Decision {
  const text = key?.toString('utf8') ?? '';
  const [kind, ...rest] = text.split(':');
  const name = rest.join(':');
  const place = /^(.+)\/(\d+)$/.exec(name);
  try {
    if (kind === 'letter') return { kind, id: name, value: parse(deadLetterDecisionSchema, value) };
    if (kind === 'halt') return { kind, value: parse(haltSchema, value) };
    if (kind === 'pause' && name !== '') return { kind, table: name, value: parse(pauseSchema, value) };
    if (kind === 'rewind' && place !== null) {
      const [, topic = '', partition = ''] = place;
      return { kind, topic, partition: Number(partition), value: parse(rewindSchema, value) };
    }
    if (kind === 'skipped') {
      const [found, topic = '', partition = '', table = ''] = /^([^/]+)\/(\d+)\/(.+)$/su.exec(name) ?? [];
      if (found === undefined) throw corrupt(text);
      return { kind, topic, partition: Number(partition), table, value: parse(skippedSchema, value) };
    }
    if (kind === 'incomplete' && place !== null) {
      const [, topic = '', partition = ''] = place;
      return { kind, topic, partition: Number(partition), value: parse(incompleteSchema, value) };
    }
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw corrupt(text, error);
  }
  throw corrupt(text);
}

function keyOf(decision: Decision): string {
  if (decision.kind === 'letter') return `letter:${decision.id}`;
  if (decision.kind === 'pause') return `pause:${decision.table}`;
  if (decision.kind === 'halt') return 'halt';
  if (decision.kind === 'skipped') return `skipped:${skippedName(decision)}`;
  return `${decision.kind}:${decision.topic}/${decision.partition}`;
}

/** No record of version 1 says its version. */
function parse<T>(schema: z.ZodType<T>, value: Buffer | null): T | null {
  if (value === null) return null;
  const written: unknown = JSON.parse(value.toString('utf8'));
  refuseNewer('A decision', (written as { version?: unknown } | null)?.version, 1);
  return schema.parse(written);
}

function corrupt(key: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'DECISIONS_CORRUPT',
    `the decision with the key ${JSON.stringify(key)} is not one`,
    {
      cause,
      context: { key },
    },
  );
}
