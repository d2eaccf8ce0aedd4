import { abortableDelay, PipelineError } from '@sluice/runtime';
import { askRetention } from '../source/ask-retention.ts';
import { isToldByStream } from '../source/moved.ts';
import { onConnection } from '../source/open-connection.ts';
import type { ReadUpTo, RetentionAnswer } from '../source/purge-forecast.ts';
import type { Source } from '../source/source.ts';

/** How often the source is asked (ms). */
const ASK_MS = 60_000;

export interface RetentionWatchParts {
  readonly source: Pick<Source, 'connect'>;
  readonly readUpTo: () => ReadUpTo;
  readonly onAnswer: (answer: RetentionAnswer, at: ReadUpTo) => void;
}

/**
 * Asks at once, then every minute, until the signal. A source that does not answer is asked again later: the stream tells of it.
 * Throws SOURCE_MOVED when another one answers, or the file that is read has become shorter: the next session finds out what that means.
 */
export async function watchRetention(parts: RetentionWatchParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // Before the question: a file that is begun meanwhile would not be in the answer.
    const at = parts.readUpTo();
    // An answer that waits for a lock of the source holds up no stop.
    const answer = await onConnection(parts.source, { signal }, askRetention).catch((error: unknown) => {
      if (signal.aborted || isToldByStream(error)) return null;
      throw error;
    });
    if (answer !== null) {
      parts.onAnswer(answer, at);
      refuseShorter(answer.files, at);
    }
    await abortableDelay(ASK_MS, signal).catch(() => undefined);
  }
}

/**
 * RESET MASTER leaves the reader in the file that is gone, when the new one has its name: nothing comes from there, no error either, and
 * what is written to the new file is not read. Pure. Throws SOURCE_MOVED when the file ends before what was read of it.
 * @param files sizes in bytes by name
 * @param at what was read before the sizes were asked for
 */
export function refuseShorter(
  files: RetentionAnswer['files'],
  { file, position }: Pick<ReadUpTo, 'file' | 'position'>,
): void {
  const bytes = files.get(file);
  if (bytes === undefined || bytes >= position) return;
  throw new PipelineError(
    'SOURCE_MOVED',
    `The source's ${file} ends at ${bytes}, and it was read up to ${position}: another server answers, or its binlog was reset.`,
  );
}
