import type { RestoredStart } from '@sluice/capture/restored';
import { errorEntry, type ErrorCode } from '@sluice/runtime';
import { CommandFailed } from '../operator/command-failed.ts';

/** What capture leaves by `--accept lost-checkpoint` alone, and so in a generation above the topics' and the checkpoint's. */
const ENDED_BY_NEW_GENERATION: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CHECKPOINT_MISSING',
  'SOURCE_BINLOG_PURGED',
  'SOURCE_DIVERGED',
]);

/**
 * Why a checkpoint is not put back: sinks take rows of a generation below one that they have met for older, and drop them. A source that
 * does not answer says nothing about the generation that capture will be of.
 */
export function olderGeneration({
  generation,
  topicGeneration,
  refusal,
  opensGeneration,
}: RestoredStart): Error | null {
  if (opensGeneration || topicGeneration <= generation) return null;
  if (refusal !== null && ENDED_BY_NEW_GENERATION.has(refusal.code)) return null;
  const why = `the topics have rows of generation ${topicGeneration}, and the checkpoint of the backup is of ${generation}: sinks would take all that follows from it for older`;
  const fix = 'Start capture by sluice capture --accept lost-checkpoint instead';
  if (refusal === null) return new CommandFailed(`${why}. ${fix}`);
  const { code, message } = refusal;
  return new CommandFailed(
    `${why}, unless capture opens a new generation. The source could not be asked (${code}: ${message}). Fix: ${errorEntry(code).fix} Then run it again. Or: ${fix}`,
  );
}
