import { refuseNewer } from '@sluice/runtime';
import { z } from 'zod';

const VERSION = 1;

/**
 * `filling`: the new places are filled, and readers see the old ones. `swapping`: they are equal, and take the place of the old ones.
 * `kept`: readers see the new ones, and the old ones are there until `removeAfter`. `cancelling`: the new ones are being removed.
 */
const PHASES = ['filling', 'swapping', 'kept', 'cancelling'] as const;
export type RebuildPhase = (typeof PHASES)[number];

const recordSchema = z.object({
  version: z.literal(VERSION).default(VERSION),
  /** Part of the names of new places. */
  id: z.string().regex(/^[a-z0-9]+$/),
  phase: z.enum(PHASES),
  /** `database.table`; all of them are swapped at once. */
  tables: z.array(z.string()).min(1),
  /** Snapshot jobs of capture; none until they are asked for. */
  jobs: z.array(z.string()),
  /** Milliseconds since 1970. */
  startedAt: z.int(),
  /** Milliseconds that the old places are kept. */
  keepMs: z.int().min(0),
  /** Milliseconds since 1970; null until the swap. */
  removeAfter: z.int().nullable(),
  /** Which run of the command works on it: what another run has written since is not written over. */
  owner: z.string(),
  /** Whether the sink is paused by the rebuild, which has to let it go on. */
  pauses: z.boolean(),
});

/** How far a rebuild of a sink is: the whole of its state, kept in the store. */
export type RebuildRecord = z.output<typeof recordSchema>;

export type RebuildEvent = 'equal' | 'held-up' | 'swapped' | 'removed' | 'cancel' | 'cancelled';

/** The phase after an event; null: the rebuild is over. An event that is not listed has no place in the phase. */
const MOVES: Readonly<Record<RebuildPhase, Readonly<Partial<Record<RebuildEvent, RebuildPhase | null>>>>> = {
  filling: { equal: 'swapping', cancel: 'cancelling' },
  swapping: { 'held-up': 'filling', swapped: 'kept' },
  kept: { removed: null },
  cancelling: { cancel: 'cancelling', cancelled: null },
};

/** Undefined where the event has no place: nothing is to be done then. Pure, and total. */
export function phaseAfter(phase: RebuildPhase, event: RebuildEvent): RebuildPhase | null | undefined {
  return MOVES[phase][event];
}

/** Whether what was replaced may go. */
export function isOverdue({ phase, removeAfter }: RebuildRecord, nowMs: number): boolean {
  return phase === 'kept' && removeAfter !== null && removeAfter <= nowMs;
}

/** Of equal records always the same text. */
export function writeRebuild(record: RebuildRecord): string {
  return JSON.stringify(recordSchema.parse(record));
}

/**
 * @param where for messages
 * @throws RECORD_TOO_NEW, and RangeError for what no version up to this one writes
 */
export function readRebuild(text: string, where: string): RebuildRecord {
  const value: unknown = jsonOf(text);
  refuseNewer(where, (value as { readonly version?: unknown } | null)?.version, VERSION);
  const parsed = recordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RangeError(`${where} is no record of a rebuild: it was changed by hand`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
