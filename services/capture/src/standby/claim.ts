import type { InstanceRecord } from './instance-record.ts';
import { isSameProcess, type ProcessMark } from './process-mark.ts';
import type { Claim } from './turn.ts';

/** What stands in Kafka of whoever leads. */
export interface Traces {
  /** The leader's own word; null without. */
  readonly leader: { readonly record: InstanceRecord; readonly offset: bigint } | null;
  readonly checkpoint: {
    readonly offset: bigint;
    /** Null when it does not say. */
    readonly writer: ProcessMark | null;
    /** Whether its writer says of itself that it leads; those of before there were standbys do not. */
    readonly speaks: boolean;
  } | null;
}

export interface Asker {
  readonly instance: string;
  /** Whether another capture has taken over from this one since it led. */
  readonly wasFenced: boolean;
  /** Whether it has not looked before: only then may the end of a process, which others can see too, decide at once. */
  readonly looksFirst: boolean;
  readonly isGone: (mark: ProcessMark) => boolean;
  /** Whether a standby of this name is there, as far as is known. */
  readonly isThere: (instance: string) => boolean;
}

/** Whose turn it is, as far as one look can tell. Pure. */
export function claimOf({ leader, checkpoint }: Traces, asker: Asker): Claim {
  if (leader === null && checkpoint === null) return 'nobody';
  const record = leader?.record ?? null;
  if (record?.instance === asker.instance && record.goodbye === null && !asker.wasFenced) return 'own';
  const older = checkpoint?.speaks === false ? checkpoint.writer : null;
  if (record !== null && record.goodbye !== null && isLast(record, older)) {
    const { to } = record.goodbye;
    if (to === asker.instance) return 'named';
    return to !== null && asker.isThere(to) ? 'led' : 'left';
  }
  const marks = [record?.mark ?? null, older].filter((mark) => mark !== null);
  return asker.looksFirst && marks.length > 0 && marks.every((mark) => asker.isGone(mark)) ? 'gone' : 'led';
}

/** A capture of before there were standbys may have come since. */
function isLast({ mark }: InstanceRecord, older: ProcessMark | null): boolean {
  return older === null || isSameProcess(mark, older);
}

/** Differs whenever the leader has got on; the same for all that look at the same time. */
export function signOf({ leader, checkpoint }: Traces): string {
  const word = leader?.record;
  const { producerId = '', epoch = '' } = word?.term ?? {};
  const told = word === undefined || word.isWell || word.goodbye !== null ? String(leader?.offset ?? '') : '';
  return `${checkpoint?.offset ?? ''}/${producerId}:${epoch}/${told}`;
}
