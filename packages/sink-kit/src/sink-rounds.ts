import { abortableDelay, PipelineError, type Logger } from '@sluice/runtime';
import type { DeadLetterLog } from './dead-letter-log.ts';
import type { DeadLetterManager } from './dead-letters/dead-letter-manager.ts';
import { removeReplaced } from './rebuild/replaced.ts';
import type { Sink } from './sink.ts';
import type { SinkReader } from './sink-reader.ts';
import type { StoreWatch } from './store-watch.ts';
import type { TablesWatch } from './tables-watch.ts';
import { forgetDeletes } from './tombstone-life.ts';

const PING_MS = 5000;
const LOOK_MS = 60_000;
const WATCH_MS = 1000;
const LAG_MS = 10_000;
/** How late a sink is told of its operators' orders (`dlq replay`, `sink pause` …), and `/status` of a dead letter. */
const LETTERS_MS = 2000;
const PURGE_MS = 3_600_000;

export interface SinkRoundsParts {
  readonly sink: Sink;
  readonly store: StoreWatch;
  readonly tables: TablesWatch;
  readonly reader: SinkReader;
  readonly deadLetters: Pick<DeadLetterManager, 'refresh'>;
  readonly deadLetterLog: DeadLetterLog;
  /** Milliseconds for which a deleted row has to be remembered. */
  readonly tombstoneLifeMs: number;
  readonly log: Logger;
}

/** What a running sink does from time to time beside applying records. Ends only by a throw: of one of them, or of the signal. */
export async function makeRounds(parts: SinkRoundsParts, signal: AbortSignal): Promise<void> {
  const { sink, store, tables, reader, deadLetterLog, log } = parts;
  const every = (ms: number, action: () => Promise<void>): Promise<void> => repeat(ms, action, signal);
  await Promise.all([
    every(PING_MS, () => store.ping()),
    every(LOOK_MS, () => tables.look()),
    every(LOOK_MS, () => removeReplaced(sink, Date.now(), log)),
    every(WATCH_MS, async () => {
      reader.watch();
      store.watch();
      deadLetterLog.watch();
    }),
    every(LAG_MS, () => reader.measureLag()),
    every(LAG_MS, () => reader.storePassed()),
    every(LETTERS_MS, () => lookAtLetters(parts)),
    every(PURGE_MS, () => forgetDeletes(sink, parts.tombstoneLifeMs, signal, log)),
  ]);
}

/** An unreachable broker is no news of the letters; a halt ends the service. */
async function lookAtLetters({ deadLetters, log }: SinkRoundsParts): Promise<void> {
  try {
    await deadLetters.refresh();
  } catch (error) {
    if (!(error instanceof PipelineError) || error.errorClass !== 'retryable') throw error;
    log.debug({ err: error }, 'dead letters not counted');
  }
}

async function repeat(ms: number, action: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (;;) {
    await action();
    await abortableDelay(ms, signal);
  }
}
