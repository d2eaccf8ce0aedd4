import { z } from 'zod';
import type { SourceOrder } from '../source/choose-host.ts';
import type { Source } from '../source/source.ts';

/**
 * Of each checkpoint's record. Not in the checkpoint itself: the first versions refuse one with members that they do not know
 * (docs/decisions/0013).
 */
export const SOURCES_HEADER = 'sources';
/** The newest are kept: every checkpoint carries them. */
const KEPT_MAX = 20;
/** Only the newest of them keep their GTID sets. */
const WITH_GTIDS = 3;
/** Of a reason (characters): what is longer is cut. */
const WHY_MAX = 300;
/** Of a GTID set (characters): a longer one is left out. */
const GTIDS_MAX = 1000;

const placeSchema = z.object({
  /** `host:port`; null for a server that was read before there was a history. */
  address: z.string().nullable(),
  /** Who counted the coordinates, as in the checkpoint. */
  server: z.string(),
  file: z.string(),
  position: z.int().min(0),
});

/** Another server is read from here on. A later version may say more. */
const sourceSwitchSchema = z.object({
  /** Of the sequences from here on. */
  generation: z.int().min(1),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Null for the first server. */
  from: placeSchema.nullable(),
  to: placeSchema,
  /** All that had been published; null without GTIDs, for a long set, and where it was too long ago. */
  gtidSet: z.string().nullable(),
  /** Who gave the order; null for capture itself. */
  by: z.string().nullable(),
  why: z.string(),
});

export type SourceSwitch = Readonly<z.infer<typeof sourceSwitchSchema>>;

/** The history in the headers of a checkpoint; empty where there is none, or none that can be read: nothing is decided by it. */
export function sourcesIn(headers: ReadonlyMap<string, Buffer | null> | undefined): readonly SourceSwitch[] {
  try {
    const text = headers?.get(SOURCES_HEADER)?.toString('utf8') ?? '[]';
    return z.array(sourceSwitchSchema).safeParse(JSON.parse(text)).data ?? [];
  } catch {
    return [];
  }
}

/** What a start has found and decided, as far as a history needs it. */
export interface StartedAt {
  readonly source: Pick<Source, 'address' | 'facts' | 'passedOver'>;
  readonly plan: {
    readonly generation: number;
    readonly isElsewhere: boolean;
    readonly isAnew: boolean;
    readonly from: { readonly file: string; readonly position: number };
  };
  /** Where the session before has ended; null without one. */
  readonly checkpoint: {
    readonly server: string;
    readonly file: string;
    readonly position: number;
    readonly gtidSet: string | null;
  } | null;
  /** The history so far. */
  readonly sources: readonly SourceSwitch[];
  /** By which the server was chosen. */
  readonly order: SourceOrder | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The history as the next checkpoints carry it, the oldest first. Pure. */
export function sourcesOf(started: StartedAt): readonly SourceSwitch[] {
  const { plan, sources: known } = started;
  const last = known.at(-1);
  const isSame = last !== undefined && !plan.isElsewhere && !plan.isAnew;
  return shortened(isSame ? known : [...known, switchOf(started, last ?? null)]);
}

/** Every checkpoint carries it. */
function shortened(all: readonly SourceSwitch[]): readonly SourceSwitch[] {
  const kept = all.slice(-KEPT_MAX);
  return kept.map(({ why, gtidSet, ...one }, at) => ({
    ...one,
    gtidSet: at < kept.length - WITH_GTIDS ? null : gtidSet,
    why: why.length > WHY_MAX ? `${why.slice(0, WHY_MAX - 1)}…` : why,
  }));
}

/** The value of the header: the same in every checkpoint of a session. */
export function sourcesText(sources: readonly SourceSwitch[]): string {
  return JSON.stringify(sources);
}

function switchOf(started: StartedAt, last: SourceSwitch | null): SourceSwitch {
  const { source, plan, checkpoint, order, now } = started;
  const { generation, from, isElsewhere, isAnew } = plan;
  const isFirst = checkpoint === null || (!isElsewhere && !isAnew);
  const gtidSet = checkpoint?.gtidSet ?? null;
  const isOrdered = order?.address === source.address;
  return {
    generation,
    at: now,
    from: isFirst ? null : { ...placeOf(checkpoint), address: last?.to.address ?? null },
    to: { address: source.address, server: source.facts.identity, file: from.file, position: from.position },
    gtidSet: gtidSet !== null && gtidSet.length > GTIDS_MAX ? null : gtidSet,
    by: isOrdered ? order.by : null,
    why: isOrdered ? order.reason : whyOf(started, last),
  };
}

function placeOf({ server, file, position }: NonNullable<StartedAt['checkpoint']>): SourceSwitch['to'] {
  return { address: null, server, file, position };
}

function whyOf({ source, plan, checkpoint }: StartedAt, last: SourceSwitch | null): string {
  if (checkpoint === null) return 'the first server of the pipeline';
  if (plan.isAnew) return 'begun anew by --accept lost-checkpoint';
  if (!plan.isElsewhere) return 'read when this history began';
  const before = source.passedOver.find(({ address }) => address === last?.to.address);
  const others = before === undefined ? source.passedOver : [before];
  if (others.length > 0) return others.map(({ address, why }) => `${address}: ${why}`).join('; ');
  return 'another server answers at the address';
}
