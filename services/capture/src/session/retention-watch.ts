import { abortableDelay, PipelineError, whenAborted } from '@sluice/runtime';
import { askRetention } from '../source/ask-retention.ts';
import type { ReadUpTo, RetentionAnswer } from '../source/purge-forecast.ts';
import type { Source } from '../source/source.ts';

/** How often the source is asked (ms). */
const ASK_MS = 60_000;

export interface RetentionWatchParts {
  readonly source: Pick<Source, 'connect'>;
  readonly readUpTo: () => ReadUpTo;
  readonly onAnswer: (answer: RetentionAnswer, at: ReadUpTo) => void;
}

/** Asks at once, then every minute, until the signal. A source that does not answer is asked again later: the stream tells of it. */
export async function watchRetention(parts: RetentionWatchParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      // Before the question: a file that is begun meanwhile would not be in the answer.
      const at = parts.readUpTo();
      parts.onAnswer(await ask(parts.source, signal), at);
    } catch (error) {
      if (!signal.aborted && !(error instanceof PipelineError)) throw error;
    }
    await abortableDelay(ASK_MS, signal).catch(() => undefined);
  }
}

/** An answer that waits for a lock of the source holds up no stop. */
async function ask(source: RetentionWatchParts['source'], signal: AbortSignal): Promise<RetentionAnswer> {
  const connection = await source.connect();
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => undefined);
  const forget = whenAborted(signal, () => stopped.reject(signal.reason));
  try {
    return await Promise.race([askRetention(connection), stopped.promise]);
  } finally {
    forget();
    connection.destroy();
  }
}
