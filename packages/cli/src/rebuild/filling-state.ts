import type { RunningService } from '@sluice/runtime';
import { CommandFailed } from '../operator/command-failed.ts';
import { withDeadLetters } from '../operator/dead-letters.ts';
import { plural } from '../operator/screen.ts';
import type { FillingSink } from './filling-sink.ts';

const LETTERS_SHOWN = 10;

/** What the filling sink could not apply is told: then nothing is swapped, or its dead letters would go with it. */
export async function hasNoLetters(
  { config, name: sink }: FillingSink,
  say: (line: string) => void,
): Promise<boolean> {
  const letters = await withDeadLetters({ config, sink, decides: false }, async ({ store }) =>
    (await store.refresh()).letters(),
  );
  for (const { table, key, errorCode } of letters.slice(0, LETTERS_SHOWN))
    say(`${table}: a row could not be written: ${errorCode}, key ${key}`);
  if (letters.length > 0) say(`${plural(letters.length, 'dead letter')} of the filling sink`);
  return letters.length === 0;
}

/** Throws what has ended the service, once it has ended. */
export function failureWatch({ done }: RunningService): () => void {
  let failure: unknown;
  let hasEnded = false;
  const end = (error: unknown): void => {
    hasEnded = true;
    failure = error;
  };
  done.then(() => end(new CommandFailed('the filling sink has ended')), end);
  return () => {
    if (hasEnded) throw failure;
  };
}
