import { parseSequence } from '@sluice/envelope';
import { binlogFileNumber } from '../model/position.ts';
import { PipelineError } from '@sluice/runtime';
import type { ReadFrom } from '../source/binlog-reader.ts';
import { setGlobal } from '../source/set-global.ts';
import type { BinlogStatus, GtidCoverage, ServerFacts } from '../source/server.ts';
import type { ResumePoint } from './resume-point.ts';
import { snapshotsOf, type Checkpoint } from './checkpoint.ts';
import { NO_SNAPSHOTS, type Snapshots } from './kept-snapshots.ts';

const GENERATION_MAX = 921;
/** Where the first event of a binlog file begins (bytes). */
const FIRST_EVENT = 4;

/** What is known before the binlog is opened. */
export interface StartFacts {
  readonly checkpoint: Checkpoint | null;
  /** Of the checkpoint's generation; null where a version opened it that gave none. */
  readonly generationId: string | null;
  /** Highest generation found in the data topics, or that the operator has named; 0 when they hold nothing. */
  readonly topicGeneration: number;
  readonly server: ServerFacts;
  /** The end of the source's binlog. */
  readonly status: BinlogStatus;
  /** How the server stands to the checkpoint's GTID set; null where there is none or for MariaDB. */
  readonly gtidCoverage: GtidCoverage | null;
  /** Size of the checkpoint's binlog file on the server, up to where it is written; null when the server has none of that name. */
  readonly fileBytes: number | null;
  /** When the server made the file of that name (seconds since 1970); null where nobody has looked. */
  readonly currentFileCreatedAt: number | null;
  /** The operator's word that a lost checkpoint is accepted (`--accept lost-checkpoint`). */
  readonly acceptLostCheckpoint: boolean;
  /** Of the generation, if one is opened. */
  readonly newGenerationId: string;
}

export interface StartPlan {
  readonly generation: number;
  /** Null where a version opened it that gave none. */
  readonly generationId: string | null;
  /** The generation must be durable before its first event is published. */
  readonly opensGeneration: boolean;
  /** Nothing of what was known is followed up: the stream begins where the source is now. */
  readonly isAnew: boolean;
  /** It continues by GTID at another server than the one of the checkpoint. */
  readonly isElsewhere: boolean;
  readonly from: ReadFrom;
  readonly resume: ResumePoint;
  readonly gtidSet: string | null;
  readonly snapshots: Snapshots;
}

/**
 * Where to begin: at the checkpoint, at the end of the binlog when there never was one, or not at all.
 * Throws CHECKPOINT_MISSING, SOURCE_DIVERGED, SOURCE_BINLOG_PURGED or SEQUENCE_EXHAUSTED.
 */
export function planStart(facts: StartFacts): StartPlan {
  const { checkpoint } = facts;
  if (checkpoint === null || facts.acceptLostCheckpoint) return beginAnew(facts);
  if (checkpoint.flavour !== facts.server.flavour)
    throw diverged(`it is ${facts.server.flavour}, and that one was ${checkpoint.flavour}`);
  if (facts.gtidCoverage?.known === false)
    throw diverged('it does not know transactions that were published');
  const isSame = isSameSpace(facts, checkpoint);
  if (isSame && goesByPosition(facts, checkpoint)) {
    refuseReset(facts, checkpoint);
    return resumeAt(facts, checkpoint, null);
  }
  checkGtids(facts, checkpoint);
  if (isSame) {
    refuseReset(facts, checkpoint);
    return resumeAt(facts, checkpoint, checkpoint.gtidSet);
  }
  return resumeElsewhere(facts, checkpoint);
}

/**
 * On the same server file and position name the place whatever `gtid_mode` is and was meanwhile: by GTID a server passes over
 * transactions that were written without one. MariaDB's all have one. A checkpoint of before the place was known names it by GTIDs.
 */
function goesByPosition({ server, fileBytes }: StartFacts, checkpoint: Checkpoint): boolean {
  if (fileBytes === null) return false;
  if (checkpoint.gtidSet === null) return true;
  return server.flavour === 'mysql' && checkpoint.position > 0 && !(server.gtid && isUnread(checkpoint));
}

/** The first checkpoint at another server named the end of its binlog, of which nothing was read yet; no longer written. */
function isUnread({ fileCreatedAt, position }: Checkpoint): boolean {
  return fileCreatedAt === 0 && position > FIRST_EVENT;
}

/** Whether sequences made of the source's coordinates go on rising: same server, same base name of its binlogs. */
export function isSameSpace(
  { server, status }: Pick<StartFacts, 'server' | 'status'>,
  before: Checkpoint,
): boolean {
  const baseName = (file: string): string => file.replace(/\.\d+$/u, '');
  return before.server === server.identity && baseName(before.file) === baseName(status.file);
}

/**
 * Only a reset makes the numbers of a server's binlogs fall; once they have caught up, a file of the old name was made at another
 * time. What was committed between the checkpoint and the reset is lost then, and transactions count from 1 again: those of the
 * checkpoint seem known as soon as there are as many. So it is with a file that has lost its end (a power loss with sync_binlog
 * other than 1, an older copy of the server): transactions of later files have got the numbers of the lost ones.
 */
function refuseReset(
  { status, currentFileCreatedAt, fileBytes }: StartFacts,
  { file, fileCreatedAt, position }: Checkpoint,
): void {
  if (binlogFileNumber(file) > binlogFileNumber(status.file))
    throw diverged(`its binlogs start again at ${status.file}: the server was reset`);
  if (currentFileCreatedAt !== null && fileCreatedAt > 0 && currentFileCreatedAt !== fileCreatedAt)
    throw diverged(`its ${file} is not the file that was read before, the server was reset`);
  if (fileBytes !== null && fileBytes < position)
    throw diverged(`its ${file} ends at ${fileBytes}, and it was read up to ${position}`);
}

/** Of a new generation. */
const NOTHING_PUBLISHED = { floor: 0, publishedThrough: null, highest: '', fileCreatedAt: 0 } as const;

function beginAnew(facts: StartFacts): StartPlan {
  if (facts.checkpoint === null && facts.topicGeneration > 0 && !facts.acceptLostCheckpoint) {
    throw new PipelineError(
      'CHECKPOINT_MISSING',
      'The data topics of this pipeline hold records, but its checkpoint topic is empty.',
    );
  }
  const { file, position, gtidSet } = facts.status;
  return {
    generation: nextGeneration(Math.max(facts.topicGeneration, facts.checkpoint?.generation ?? 0)),
    generationId: facts.newGenerationId,
    opensGeneration: true,
    isAnew: true,
    isElsewhere: false,
    from: { file, position, gtidSet },
    resume: {
      ...NOTHING_PUBLISHED,
      file,
      position,
      gtidsUntil: gtidSet === null ? null : { file, position },
    },
    gtidSet,
    snapshots: NO_SNAPSHOTS,
  };
}

/** @param by the GTIDs by which the server is asked to go on; null for file and position */
function resumeAt(
  { generationId, status }: StartFacts,
  checkpoint: Checkpoint,
  by: string | null,
): StartPlan {
  const { file, position, floor, gtidSet, generation, fileCreatedAt } = checkpoint;
  const gtidsUntil = position > 0 ? null : { file: status.file, position: status.position };
  return {
    generation,
    generationId,
    opensGeneration: false,
    isAnew: false,
    isElsewhere: false,
    from: { file, position, gtidSet: by },
    resume: { file, position, gtidsUntil, floor, fileCreatedAt, ...published(checkpoint) },
    gtidSet,
    snapshots: snapshotsOf(checkpoint),
  };
}

/**
 * Rows beyond the floor were published only when the checkpoint lies within a transaction. Else nothing can come again:
 * with GTIDs the reading may begin in an older file than the checkpoint names, and rows there must not be taken for old.
 */
function published(checkpoint: Checkpoint): Pick<ResumePoint, 'publishedThrough' | 'highest'> {
  const highest = parseSequence(checkpoint.highest);
  const isWithin = highest.file === binlogFileNumber(checkpoint.file) && highest.offset > checkpoint.floor;
  if (!isWithin) return { publishedThrough: null, highest: '' };
  const { file: fileNumber, offset } = highest;
  return { publishedThrough: { fileNumber, offset }, highest: checkpoint.highest };
}

/**
 * Another server of the same history (a failover): its coordinates are a new space, the GTID set says where to go on. All that was
 * published stands before the present end of its binlog, and so may what was not.
 */
function resumeElsewhere(facts: StartFacts, checkpoint: Checkpoint): StartPlan {
  const { file, position } = facts.status;
  const { unsureUntil, ...snapshots } = snapshotsOf(checkpoint);
  const unsure = unsureUntil === undefined ? {} : { unsureUntil: { file, position } };
  return {
    generation: nextGeneration(Math.max(facts.topicGeneration, checkpoint.generation)),
    generationId: facts.newGenerationId,
    opensGeneration: true,
    isAnew: false,
    isElsewhere: true,
    from: { file, position, gtidSet: checkpoint.gtidSet },
    resume: { ...NOTHING_PUBLISHED, file, position: 0, gtidsUntil: { file, position } },
    gtidSet: checkpoint.gtidSet,
    snapshots: { ...snapshots, ...unsure },
  };
}

/** What must hold where the server is asked to go on by GTID. */
function checkGtids(facts: StartFacts, checkpoint: Checkpoint): void {
  if (checkpoint.gtidSet === null) {
    if (isSameSpace(facts, checkpoint)) throw purged(checkpoint);
    throw diverged('it is another server, and without GTIDs its positions mean nothing');
  }
  if (!facts.server.gtid) {
    throw new PipelineError(
      'SOURCE_MISCONFIGURED',
      `Capture can resume only by GTID: the source does not have ${checkpoint.file} of the server that was read before. Run on the source: ${setGlobal('gtid_mode = ON')}`,
    );
  }
  if (facts.gtidCoverage?.available === false) throw purged(checkpoint);
}

function nextGeneration(highest: number): number {
  if (highest >= GENERATION_MAX) {
    throw new PipelineError(
      'SEQUENCE_EXHAUSTED',
      `All ${GENERATION_MAX} generations of the sequence are used up.`,
    );
  }
  return highest + 1;
}

function diverged(why: string): PipelineError {
  return new PipelineError('SOURCE_DIVERGED', `The source does not match the checkpoint: ${why}.`);
}

function purged(checkpoint: Checkpoint): PipelineError {
  return new PipelineError(
    'SOURCE_BINLOG_PURGED',
    `The source no longer has the binlog after the checkpoint (${checkpoint.file}:${checkpoint.position}).`,
  );
}
