import type { TopicRouting } from '@sluice/envelope';
import {
  PipelineError,
  withBody,
  withQuery,
  type Logger,
  type OpsResponse,
  type OpsRoute,
} from '@sluice/runtime';
import { z } from 'zod';
import type { LetterOutcome } from './decisions.ts';
import { describeLetter, type LetterDesk } from './desk.ts';
import type { LetterFilter } from './letter.ts';
import type { IndexedLetter } from './letter-index.ts';
import { isWornOut, replayLetter, type Replayed, type ReplayTools } from './replay.ts';

/** Letters replayed by one request: its answer must come before a client's patience ends. */
const LETTERS_MAX = 100;
const LISTED_MAX = 1000;

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const filterShape = {
  ids: z.array(z.string()).max(LISTED_MAX).optional(),
  table: z.string().optional(),
  key: z.string().optional(),
  error: z.string().optional(),
  since: instant.optional(),
  until: instant.optional(),
};
const commandShape = {
  ...filterShape,
  /** Who says so. */
  by: z.string().min(1).max(200),
  dryRun: z.boolean().default(true),
};
const listSchema = z.strictObject({
  ...filterShape,
  limit: z.coerce.number().int().min(1).max(LISTED_MAX).default(100),
});
const replaySchema = z.strictObject({
  ...commandShape,
  force: z.boolean().default(false),
  limit: z.int().min(1).max(LETTERS_MAX).default(LETTERS_MAX),
});
const discardSchema = z.strictObject({ ...commandShape, reason: z.string().max(500).optional() });
const releaseSchema = z.strictObject({
  id: z.string().min(1),
  by: commandShape.by,
  reason: z.string().max(500).optional(),
});

export interface DlqRoutesOptions {
  readonly desk: LetterDesk;
  readonly sink: string;
  readonly routing: TopicRouting;
  readonly write: ReplayTools['write'];
  readonly onReplayed: (result: Replayed['result']) => void;
  readonly log: Logger;
}

/** The ops API of a sink's dead letters. A POST only says what it would do unless `dryRun` is false. */
export function dlqRoutes(options: DlqRoutesOptions): readonly OpsRoute[] {
  const { desk, sink, log } = options;
  return [
    {
      method: 'GET',
      path: '/dlq',
      handle: ({ query }) =>
        withQuery(listSchema, query, async ({ limit, ...filter }) => {
          const letters = await desk.list(toFilter(filter));
          const { depth, halt } = desk.store.index;
          return ok({
            sink,
            depth,
            halt,
            matching: letters.length,
            letters: letters.slice(0, limit).map(describeLetter),
          });
        }),
    },
    {
      method: 'POST',
      path: '/dlq/replay',
      handle: ({ body }) => withBody(replaySchema, body, async (order) => ok(await replay(order, options))),
    },
    {
      method: 'POST',
      path: '/dlq/discard',
      handle: ({ body }) =>
        withBody(discardSchema, body, async ({ by, dryRun, reason, ...filter }) => {
          const letters = await desk.list(toFilter(filter));
          if (!dryRun) await desk.discard(letters, by, reason);
          if (!dryRun)
            log.info(
              { event: 'dlq.discarded', by, reason, letters: letters.length },
              'dead letters discarded',
            );
          return ok({ sink, dryRun, letters: letters.map(({ id }) => id) });
        }),
    },
    {
      method: 'POST',
      path: '/dlq/release',
      handle: ({ body }) =>
        withBody(releaseSchema, body, async ({ id, by, reason }) => {
          await desk.release(id, by, reason);
          log.info({ event: 'dlq.released', by, reason, id }, 'a held record may become a dead letter');
          return ok({ sink, released: id });
        }),
    },
  ];
}

async function replay(order: z.output<typeof replaySchema>, options: DlqRoutesOptions): Promise<unknown> {
  const { by, dryRun, force, limit, ...filter } = order;
  const { desk, sink, log } = options;
  const matching = await desk.list(toFilter(filter));
  const letters = matching.slice(0, limit);
  const rest = { sink, dryRun, matching: matching.length };
  if (dryRun) return { ...rest, results: letters.map((letter) => forecast(letter, force)) };
  const { results, stopped } = await replayAll(letters, force, by, options);
  const counts = Object.fromEntries(
    [...Map.groupBy(results, ({ result }) => result)].map(([result, some]) => [result, some.length]),
  );
  log.info({ event: 'dlq.replayed', by, force, asked: letters.length, ...counts }, 'dead letters replayed');
  return { ...rest, results, ...(stopped === null ? {} : { stopped }) };
}

/** Ends at the first letter for which the store did not answer: the others would not fare better. */
async function replayAll(
  letters: readonly IndexedLetter[],
  force: boolean,
  by: string,
  { desk, routing, write, onReplayed }: DlqRoutesOptions,
): Promise<{ results: Replayed[]; stopped: { code: string; message: string } | null }> {
  const record = (letter: IndexedLetter, outcome: LetterOutcome, reason?: string): Promise<void> =>
    desk.record(letter, outcome, by, reason);
  const tools: ReplayTools = { routing, write, record, read: (letter) => desk.store.read(letter) };
  const results: Replayed[] = [];
  for (const letter of letters) {
    try {
      const replayed = await replayLetter(letter, force, tools);
      onReplayed(replayed.result);
      results.push(replayed);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      return { results, stopped: { code: error.code, message: error.message } };
    }
  }
  return { results, stopped: null };
}

function forecast(letter: IndexedLetter, force: boolean): { id: string; decision: string } {
  return { id: letter.id, decision: isWornOut(letter) && !force ? 'refuse' : 'replay' };
}

function toFilter({
  since,
  until,
  ...rest
}: { readonly since?: number | undefined; readonly until?: number | undefined } & Omit<
  LetterFilter,
  'sinceMs' | 'untilMs'
>): LetterFilter {
  return { ...rest, sinceMs: since, untilMs: until };
}

const ok = (body: unknown): OpsResponse => ({ status: 200, body });
