import { abortableDelay, wordsOf } from '@sluice/runtime';

/** A step that has not come to its end; all that it has done is known. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** A step of which nobody can say whether it has come to its end. */
export class StepUnknown extends Error {
  override readonly name = 'StepUnknown';
}

const LOOK_MS = 100;

export interface Patience {
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** What `look` finds; it is asked again while it finds null. Throws StepFailed when that takes longer than `waitMs`, with what it said last. */
export async function within<T>(
  what: string,
  { waitMs, signal }: Patience,
  look: () => Promise<T | null>,
): Promise<T> {
  const until = performance.now() + waitMs;
  let trouble = '';
  for (;;) {
    try {
      const found = await look();
      if (found !== null) return found;
    } catch (error) {
      if (error instanceof StepFailed || error instanceof StepUnknown) throw error;
      trouble = `: ${wordsOf(error)}`;
    }
    if (signal.aborted) throw new StepFailed(`${what} was interrupted${trouble}`);
    if (performance.now() > until)
      throw new StepFailed(`${what} took longer than ${waitMs / 1000} s${trouble}`);
    await abortableDelay(LOOK_MS, signal).catch(() => undefined);
  }
}
