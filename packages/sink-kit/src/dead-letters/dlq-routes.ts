import type { RecordSeals } from '@sluice/kafka';
import type { TopicRouting } from '@sluice/envelope';
import {
  discardDeadLetters,
  listDeadLetters,
  releaseRecord,
  replayDeadLetters,
  routeOf,
  type Replayed,
  type ReplayAnswer,
  type ReplayOrder,
} from '@sluice/ops-api';
import { PipelineError, type Logger, type OpsRoute } from '@sluice/runtime';
import type { DeadLetterOutcome } from './decisions.ts';
import { describeDeadLetter, type DeadLetterAdmin } from './dead-letter-admin.ts';
import type { DeadLetterFilter } from './dead-letter.ts';
import type { IndexedDeadLetter } from './dead-letter-index.ts';
import { isWornOut, replayDeadLetter, type ReplayTools } from './replay.ts';

export interface DlqRoutesOptions {
  readonly admin: DeadLetterAdmin;
  readonly sink: string;
  readonly routing: TopicRouting;
  readonly seals: RecordSeals | null;
  readonly write: ReplayTools['write'];
  readonly onReplayed: (result: Replayed['result']) => void;
  readonly log: Logger;
}

/** The ops API of a sink's dead letters. A POST only says what it would do unless `dryRun` is false. */
export function dlqRoutes(options: DlqRoutesOptions): readonly OpsRoute[] {
  const { admin, sink, log } = options;
  return [
    routeOf(listDeadLetters, async ({ limit, ...filter }) => {
      const letters = await admin.list(toFilter(filter));
      const { depth, halt } = admin.store.index;
      const shown = letters.slice(0, limit).map(describeDeadLetter);
      return { sink, depth, halt, matching: letters.length, letters: shown };
    }),
    routeOf(replayDeadLetters, (order) => replay(order, options)),
    routeOf(discardDeadLetters, async ({ by, dryRun, reason, ...filter }) => {
      const letters = await admin.list(toFilter(filter));
      if (!dryRun) await admin.discard(letters, by, reason);
      if (!dryRun)
        log.info({ event: 'dlq.discarded', by, reason, letters: letters.length }, 'dead letters discarded');
      return { sink, dryRun, letters: letters.map(({ id }) => id) };
    }),
    routeOf(releaseRecord, async ({ id, by, reason }) => {
      await admin.release(id, by, reason);
      log.info({ event: 'dlq.released', by, reason, id }, 'a held record may become a dead letter');
      return { sink, released: id };
    }),
  ];
}

async function replay(order: ReplayOrder, options: DlqRoutesOptions): Promise<ReplayAnswer> {
  const { by, dryRun, force, limit, ...filter } = order;
  const { admin, sink, log } = options;
  const matching = await admin.list(toFilter(filter));
  const letters = matching.slice(0, limit);
  const rest = { sink, matching: matching.length };
  if (dryRun) return { ...rest, dryRun, results: letters.map((letter) => forecast(letter, force)) };
  const { results, stopped } = await replayAll(letters, force, by, options);
  const counts = Object.fromEntries(
    [...Map.groupBy(results, ({ result }) => result)].map(([result, some]) => [result, some.length]),
  );
  log.info({ event: 'dlq.replayed', by, force, asked: letters.length, ...counts }, 'dead letters replayed');
  return { ...rest, dryRun, results, ...(stopped === null ? {} : { stopped }) };
}

/** Ends at the first letter for which the store did not answer: the others would not fare better. */
async function replayAll(
  letters: readonly IndexedDeadLetter[],
  force: boolean,
  by: string,
  { admin, routing, seals, write, onReplayed }: DlqRoutesOptions,
): Promise<{ results: Replayed[]; stopped: { code: string; message: string } | null }> {
  const record = (letter: IndexedDeadLetter, outcome: DeadLetterOutcome, reason?: string): Promise<void> =>
    admin.record(letter, outcome, by, reason);
  const tools: ReplayTools = { routing, seals, write, record, read: (letter) => admin.store.read(letter) };
  const results: Replayed[] = [];
  for (const letter of letters) {
    try {
      const replayed = await replayDeadLetter(letter, force, tools);
      onReplayed(replayed.result);
      results.push(replayed);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      return { results, stopped: { code: error.code, message: error.message } };
    }
  }
  return { results, stopped: null };
}

function forecast(letter: IndexedDeadLetter, force: boolean): { id: string; decision: 'refuse' | 'replay' } {
  return { id: letter.id, decision: isWornOut(letter) && !force ? 'refuse' : 'replay' };
}

function toFilter({
  since,
  until,
  ...rest
}: { readonly since?: number | undefined; readonly until?: number | undefined } & Omit<
  DeadLetterFilter,
  'sinceMs' | 'untilMs'
>): DeadLetterFilter {
  return { ...rest, sinceMs: since, untilMs: until };
}
