import { setTimeout as delay } from 'node:timers/promises';
import { CAPTURE } from '@sluice/envelope';
import { REPLAYED_MAX, replayDeadLetters, type Replayed, type ReplayAnswer } from '@sluice/ops-api';
import { call, type Call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import { isWornOut, type IndexedDeadLetter } from '@sluice/sink-kit/dead-letters';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { audit, rowOf } from './dlq-commands.ts';
import { filterOf, howToBring, letterOwnerOf, whoIsIt, withDeadLetters } from './dead-letters.ts';
import { LETTER_FILTERS, SERVICE_OPTIONS } from './options.ts';
import { serviceOf } from './ops-url.ts';
import { plural, show, type Screen } from './screen.ts';

const DEFAULT_RATE = 50;
/** Letters sent with one request: half of what the sink takes. */
const AT_ONCE = REPLAYED_MAX / 2;
const NOTHING = 'capture has no such dead letter';

/** What the sink said to one or several requests. */
export type ReplayReport = Pick<Extract<ReplayAnswer, { dryRun: false }>, 'results' | 'stopped'>;

export interface PacedReplay {
  readonly ids: readonly string[];
  /** Letters a second. */
  readonly rate: number;
  readonly send: (ids: readonly string[]) => Promise<ReplayReport>;
  readonly wait: (ms: number) => Promise<unknown>;
  readonly now: () => number;
}

export const dlqReplayCommand: PipelineCommand = {
  name: 'dlq replay',
  options: ['sink', ...LETTER_FILTERS, 'dry-run', 'yes', 'force', 'rate', ...SERVICE_OPTIONS, 'by'],
  help: 'apply dead letters again; a dead letter older than the stored row is stale',
  connects: 'kafka',
  run: dlqReplay,
};

/** Chooses the letters from Kafka, so that the dry run needs no sink; replays through the running sink's ops API. */
async function dlqReplay(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const { values, performs } = line;
  const sink = letterOwnerOf(config, values);
  const force = values.flag('force');
  const rate = values.rate('rate') ?? DEFAULT_RATE;
  const letters = await withDeadLetters({ config, sink, decides: false }, (admin) =>
    admin.list(filterOf(values)),
  );
  if (sink === CAPTURE) throw new CommandFailed(letters.length === 0 ? NOTHING : howToBring(letters));
  if (!performs) return forecast(sink, letters, force, screen);
  const service = serviceOf(config, ['sinks', sink], values);
  const by = whoIsIt(values);
  const { results, stopped } = await replayPaced({
    ids: letters.map(({ id }) => id),
    rate,
    send: (ids) => replayPortion(service, { ids: [...ids], by, force }),
    wait: delay,
    now: () => performance.now(),
  });
  const counts = countResults(results);
  const bad = results.filter(({ result }) => result === 'failed' || result === 'refused');
  const rows = bad.map(({ id, result, code, message }) => [id, result, code ?? '', message ?? '']);
  show(
    screen,
    { sink, dryRun: false, counts, results, ...(stopped === undefined ? {} : { stopped }) },
    RESULTS,
    rows,
  );
  screen.say(audit('dlq replay', sink, by, { asked: letters.length, ...counts }));
  if (stopped !== undefined) screen.say(`${stopped.code}: ${stopped.message}; the rest is as it was`);
  return bad.length === 0 && stopped === undefined;
}

async function replayPortion(
  service: Call,
  order: { readonly ids: string[]; readonly by: string; readonly force: boolean },
): Promise<ReplayReport> {
  const answer = await call(service, replayDeadLetters, { ...order, dryRun: false });
  if (answer.dryRun) throw new CommandFailed(`${service.url} did a dry run only`);
  return answer;
}

const RESULTS = ['ID', 'RESULT', 'CODE', 'MESSAGE'];

/** In portions, each begun no sooner than the rate allows; ends at the first that the sink could not finish. */
export async function replayPaced(job: PacedReplay): Promise<ReplayReport> {
  const results: Replayed[] = [];
  const startedAt = job.now();
  const portion = Math.min(AT_ONCE, Math.max(1, Math.ceil(job.rate)));
  for (let from = 0; from < job.ids.length; from += portion) {
    const due = startedAt + (from / job.rate) * 1000;
    await job.wait(Math.max(0, due - job.now()));
    const answer = await job.send(job.ids.slice(from, from + portion));
    results.push(...answer.results);
    if (answer.stopped !== undefined) return { results, stopped: answer.stopped };
  }
  return { results };
}

export function countResults(results: readonly Replayed[]): Readonly<Record<string, number>> {
  const groups = Map.groupBy(results, ({ result }) => result);
  return Object.fromEntries([...groups].map(([result, some]) => [result, some.length]));
}

function forecast(
  sink: string,
  letters: readonly IndexedDeadLetter[],
  force: boolean,
  screen: Screen,
): boolean {
  const planned = letters.map((letter) => ({ letter, refused: isWornOut(letter) && !force }));
  const document = {
    sink,
    dryRun: true,
    letters: planned.map(({ letter, refused }) => ({
      id: letter.id,
      decision: refused ? 'refuse' : 'replay',
    })),
  };
  const rows = planned.map(({ letter, refused }) => [
    ...rowOf(letter).slice(0, -1),
    refused ? 'refuse' : 'replay',
  ]);
  show(screen, document, ['ID', 'TABLE', 'KEY', 'ERROR', 'FAILED AT', 'REPLAYS', 'WOULD'], rows);
  const refused = planned.filter((each) => each.refused).length;
  screen.say(
    `dry run: would replay ${plural(letters.length - refused, 'dead letter')}, refuse ${refused}; --yes does it`,
  );
  return true;
}
