import type { TopicStrategy } from '@sluice/envelope';
import { SeededRandom } from '@sluice/seeded-random';
import { hasUnlogged, replayHistory, runHistory, type History, type Step } from './history.ts';
import { disturbanceOf, type Disturbances } from './disturbance.ts';
import { HistoryLanes, type LanesOptions, type LanesVerdict } from './history-lanes.ts';
import type { Ingredient } from './ingredients.ts';
import { ReplicaStopped } from './replica.ts';
import { shrink } from './shrink.ts';

export interface RunOptions extends Omit<LanesOptions, 'topics'> {
  readonly seed: number;
  readonly histories: number;
  /** Transactions and changes of tables in each. */
  readonly length: number;
  readonly ingredients: ReadonlySet<Ingredient>;
  readonly disturbances: Disturbances;
  /** How many of the histories that fail are made shorter. */
  readonly shrunk: number;
  readonly say: (line: string) => void;
}

export interface Failure {
  readonly seed: number;
  readonly lines: readonly string[];
  /** Statements that are left when the history has been made shorter. */
  readonly steps: readonly Step[];
}

export interface RunTotals {
  histories: number;
  statements: number;
  refused: number;
  /** Tables that services left alone and named. */
  named: number;
  readonly failures: Failure[];
}

/** After so many histories a new pipeline: stores keep what they must remember of tables that are gone. */
const HISTORIES_A_LIFE = 600;
const SHRINK_ROUNDS = 12;
const SHRINK_SECONDS = 120;
/** While a history is made shorter. */
const SHORT_PATIENCE_MS = 12_000;
const SHOWN = 6;

/** Runs histories side by side, one in each lane, until the wanted number is reached; never throws for a difference. */
export async function runHistories(options: RunOptions): Promise<RunTotals> {
  const totals: RunTotals = { histories: 0, statements: 0, refused: 0, named: 0, failures: [] };
  for (let life = 0; totals.histories < options.histories; life += 1) {
    await using scope = new AsyncDisposableStack();
    const topics = topicsOf(life);
    const lanes = await HistoryLanes.open(scope, { ...options, topics });
    const end = Math.min(options.histories, totals.histories + HISTORIES_A_LIFE);
    while (totals.histories < end) {
      const isAlive = await runBatch(
        lanes,
        options,
        totals,
        Math.min(lanes.lanes.length, end - totals.histories),
      );
      if (!isAlive) break;
    }
  }
  return totals;
}

/** A topic of its own for each table is the default, and slow: so one life in four has that. */
function topicsOf(life: number): TopicStrategy {
  return life % 4 === 3 ? 'table' : 'database';
}

/** False when the pipeline cannot go on: another one is needed. */
async function runBatch(
  lanes: HistoryLanes,
  options: RunOptions,
  totals: RunTotals,
  size: number,
): Promise<boolean> {
  const { servers, seed, length, ingredients } = options;
  const used = lanes.lanes.slice(0, size);
  const firstSeed = seedOf(seed, totals.histories);
  const disturbance = disturbanceOf(options.disturbances, firstSeed);
  const run = (): Promise<History[]> =>
    Promise.all(
      used.map((database, index) => {
        const place = { server: servers.source, database };
        return runHistory(place, {
          seed: seedOf(seed, totals.histories + index),
          length,
          ingredients,
          disturbance,
        });
      }),
    );
  const histories = await lanes.run(run, disturbance, firstSeed);
  totals.histories += histories.length;
  for (const { steps } of histories) {
    totals.statements += steps.length;
    totals.refused += steps.filter(({ refused }) => refused !== undefined).length;
  }
  const outcome = await settled(lanes, histories).catch((error: unknown) => {
    const reason = ownReason(String(error));
    const blamed = used.findIndex((database) => reason.includes(`${database}.`));
    for (const { session, sql } of histories[blamed]?.steps ?? []) options.say(`  ${session}: ${sql}`);
    throw error;
  });
  if (typeof outcome === 'string') {
    options.say(`${outcome}\nwithin the histories ${histories.map((history) => history.seed).join(', ')}`);
    await findCulprit(histories, outcome, options, totals);
    return false;
  }
  totals.named += outcome.named.length;
  for (const [index, database] of used.entries()) {
    const lines = outcome.differences.get(database);
    const history = histories[index];
    if (lines !== undefined && history !== undefined) await noteFailure(history, lines, options, totals);
  }
  options.say(`${totals.histories} histories, ${totals.failures.length} failed; services ${disturbance}`);
  return outcome.differences.size === 0;
}

/**
 * Of an error of a replica with several workers, what the worker that failed says: the names in it are of the history to blame.
 * The others only tell that they have stopped with it (ER_REPLICA_WORKER_STOPPED_PREVIOUS_THD_ERROR, 3030).
 */
function ownReason(error: string): string {
  const reasons = error.split(/(?=Worker \d+ failed)/);
  return reasons.filter((reason) => !reason.includes('Error_code: 3030')).join('');
}

/** Of a batch that ended a service: the first history that does it, found by halves, each in a pipeline of its own. */
async function findCulprit(
  histories: readonly History[],
  reason: string,
  options: RunOptions,
  totals: RunTotals,
): Promise<void> {
  let suspects = histories;
  let lines: readonly string[] = [reason];
  while (suspects.length > 1) {
    const half = Math.ceil(suspects.length / 2);
    const found = await linesOf(suspects.slice(0, half), options);
    if (found.length > 0) lines = found;
    suspects = found.length > 0 ? suspects.slice(0, half) : suspects.slice(half);
  }
  const [culprit] = suspects;
  if (culprit !== undefined) await noteFailure(culprit, lines, options, totals);
}

async function noteFailure(
  history: History,
  lines: readonly string[],
  options: RunOptions,
  totals: RunTotals,
): Promise<void> {
  options.say(
    `history ${history.seed} of ${history.steps.length} statements${history.disturbance === 'none' ? '' : `, ${history.disturbance}`}:\n  ${lines.slice(0, SHOWN).join('\n  ')}`,
  );
  const isShrunk = totals.failures.length < options.shrunk;
  const steps = isShrunk ? await shortened(history, kindOf(lines), options) : history.steps;
  totals.failures.push({ seed: history.seed, lines, steps });
  if (isShrunk) for (const { session, sql } of steps) options.say(`  ${session}: ${sql}`);
}

/** Statements that the server refused are left out first, if it fails without them. */
async function shortened(history: History, kind: string, given: RunOptions): Promise<readonly Step[]> {
  const options = { ...given, patienceMs: SHORT_PATIENCE_MS };
  const until = performance.now() + SHRINK_SECONDS * 1000;
  const taken = history.steps.filter(({ refused }) => refused === undefined);
  const fails = (candidates: readonly (readonly Step[])[]): Promise<boolean[]> =>
    performance.now() > until
      ? Promise.resolve(candidates.map(() => false))
      : failing({ history, kind }, candidates, options);
  const [withoutRefused = false, whole = false] = await fails([taken, history.steps]);
  if (!withoutRefused && !whole) {
    options.say(`history ${history.seed} does not fail again by itself`);
    return history.steps;
  }
  return shrink(withoutRefused ? taken : history.steps, fails, SHRINK_ROUNDS);
}

/** Runs the candidates side by side; when that ends a service, each in a pipeline of its own. */
async function failing(
  { history, kind }: { readonly history: History; readonly kind: string },
  candidates: readonly (readonly Step[])[],
  options: RunOptions,
): Promise<boolean[]> {
  await using scope = new AsyncDisposableStack();
  const lanes = await HistoryLanes.open(scope, {
    ...options,
    lanes: candidates.length,
    topics: topicsOf(0),
  });
  const names = lanes.lanes;
  const places = names.map((database) => ({ server: options.servers.source, database }));
  const replay = (): Promise<unknown> =>
    Promise.all(
      places.map((place, index) => replayHistory(place, { ...history, steps: candidates[index] ?? [] })),
    );
  await lanes.run(replay, history.disturbance, history.seed);
  const outcome = await settled(
    lanes,
    candidates.map((steps) => ({ ...history, steps })),
  );
  const isOf = (lines: readonly string[]): boolean => lines.length > 0 && kindOf(lines) === kind;
  if (typeof outcome !== 'string') return names.map((name) => isOf(outcome.differences.get(name) ?? []));
  if (candidates.length === 1) return [isOf([outcome])];
  const answers: boolean[] = [];
  for (const steps of candidates) {
    const isFailing = isOf(await linesOf([{ ...history, steps }], options));
    answers.push(isFailing);
    // The shrinker takes the first.
    if (isFailing) break;
  }
  return answers;
}

/** A shorter history must fail in the same way: which service ended with which code, or in which store something differs. */
function kindOf([line = '']: readonly string[]): string {
  return /^(\S+ ended: \w+|waited|\w+)/.exec(line)?.[0] ?? '';
}

/** What is not right after these histories, in a pipeline of their own. */
async function linesOf(histories: readonly History[], options: RunOptions): Promise<readonly string[]> {
  await using scope = new AsyncDisposableStack();
  const lanes = await HistoryLanes.open(scope, { ...options, lanes: histories.length, topics: topicsOf(0) });
  const server = options.servers.source;
  const replay = (): Promise<unknown> =>
    Promise.all(
      histories.map((history, index) =>
        replayHistory({ server, database: lanes.lanes[index] ?? '' }, history),
      ),
    );
  const [{ disturbance, seed } = { disturbance: 'none' as const, seed: 0 }] = histories;
  await lanes.run(replay, disturbance, seed);
  const outcome = await settled(lanes, histories);
  return typeof outcome === 'string' ? [outcome] : [...outcome.differences.values()].flat();
}

/** A text when a service has ended, or does not get on. Throws when the replica has stopped. */
async function settled(lanes: HistoryLanes, histories: readonly History[]): Promise<string | LanesVerdict> {
  const unlogged = lanes.lanes.filter((_, index) => {
    const history = histories[index];
    return history !== undefined && hasUnlogged(history);
  });
  try {
    return await lanes.settle(unlogged);
  } catch (error) {
    if (error instanceof ReplicaStopped) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

/** The first history has the run's own seed, so that a failure is run again by its seed and `--histories 1`. */
function seedOf(seed: number, index: number): number {
  if (index === 0) return seed;
  return new SeededRandom(seed + index * 7919).integer(0, 2 ** 31 - 1);
}
