import { deadLetterTopic } from '@sluice/envelope';
import { compareBags, duplicateSequences, followKeys, withoutRepeats } from '../records/row-history.ts';
import { SeededRandom } from '@sluice/seeded-random';
import { eventually } from '../eventually.ts';
import { SINK_NAMES, type SinkName } from '../pipelines/sink-pipeline.ts';
import { readSettledRows } from '../records/table-records.ts';
import { ITEM_IDS, TABLE_NAMES } from './changes.ts';
import type { FaultCase } from './fault-case.ts';
import type { FaultPipeline } from './fault-pipeline.ts';
import { Scene } from './scene.ts';
import { SequenceWatch } from './sequence-watch.ts';

/** What a service may have resident at its peak, in MiB: as much as `docker-compose.yml` gives it. */
export const MEMORY_MAX_MIB = 512;
const CASE_S = 240;
const CONVERGED_MS = 60_000;
const CLEARED_MS = 20_000;
const FIRST_FLOW_MS = 60_000;
const WARM_UP = 30;
const AFTERWARDS = 15;
const WATCHED_ROWS = 24;

export interface Verdict {
  /** Seconds from the end of the fault until a new row was in every store; null when none came. */
  readonly recoverySeconds: number | null;
  /** What is not as it must be; none when the case has passed. */
  readonly problems: readonly string[];
  /** What the case has measured, a line each. */
  readonly figures: readonly string[];
}

/** Runs a case against a pipeline that is well, and holds everything that happened against the promise. */
export async function judge(fault: FaultCase, pipeline: FaultPipeline, seed: number): Promise<Verdict> {
  const problems: string[] = [];
  const before = await notesOf(pipeline);
  const watched = Array.from(
    { length: WATCHED_ROWS },
    (_, place) => place * Math.floor(ITEM_IDS / WATCHED_ROWS),
  );
  const scene = new Scene(pipeline, new SeededRandom(seed));
  const watch = new SequenceWatch(pipeline.views, 'item', watched, scene.lives);
  let recoverySeconds: number | null = null;
  try {
    recoverySeconds = await bounded(unfold(fault, scene), fault.limitSeconds ?? CASE_S);
    if (recoverySeconds > fault.recoverySeconds)
      problems.push(`recovered after ${recoverySeconds.toFixed(1)} s, not within ${fault.recoverySeconds} s`);
  } catch (error) {
    problems.push(textOf(error));
  } finally {
    await Promise.all([scene.changes.stop(), watch.stop()]);
  }
  problems.push(...watch.falls.map((fall) => `an older change won: ${fall}`));
  for (const sink of SINK_NAMES) if (watch.looks[sink] === 0) problems.push(`${sink} was never looked at`);
  problems.push(...judgeServices(fault, pipeline, before));
  // What has not recovered has not been published either: the first problem says enough.
  if (problems.length === 0) problems.push(...(await judgeTopics(fault, scene, before)));
  return { recoverySeconds, problems, figures: scene.figures };
}

/** Proof that all is well, load, the fault, recovery, quiet, equality; seconds that the recovery took. */
async function unfold(fault: FaultCase, scene: Scene): Promise<number> {
  await scene.flows(SINK_NAMES, FIRST_FLOW_MS);
  await scene.load(WARM_UP);
  await fault.run(scene);
  const endedAt = scene.endedAt ?? performance.now();
  await scene.flows(SINK_NAMES, fault.recoverySeconds * 1000 + 20_000);
  const recoverySeconds = (performance.now() - endedAt) / 1000;
  await scene.load(AFTERWARDS);
  await scene.changes.stop();
  const tables = [...TABLE_NAMES, ...(fault.tables ?? [])];
  const withinMs = Math.max(CONVERGED_MS, fault.recoverySeconds * 1000);
  scene.compared = await scene.pipeline.converged(tables, withinMs);
  for (const service of scene.pipeline.kept) {
    const isWell = async (): Promise<boolean> => {
      const { status, body } = await service.health();
      return status === 200 && (body as { status: string }).status === 'ok' && (await service.isReady());
    };
    await eventually(`${service.name} to say that all is well`, isWell, { timeoutMs: CLEARED_MS });
  }
  return recoverySeconds;
}

/** How much there was before the case: pipelines are used for several. */
interface Notes {
  readonly letters: Readonly<Record<SinkName, number>>;
  readonly said: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
}

async function notesOf(pipeline: FaultPipeline): Promise<Notes> {
  const services = pipeline.kept;
  return {
    letters: await lettersOf(pipeline),
    said: Object.fromEntries(services.map(({ name, output }) => [name, output.length])),
    ends: Object.fromEntries(services.map(({ name, ownEnds }) => [name, ownEnds.length])),
  };
}

async function lettersOf(pipeline: FaultPipeline): Promise<Record<SinkName, number>> {
  return pipeline.withReader(async (reader) => {
    const counts = { redis: 0, elasticsearch: 0, mysql: 0 };
    for (const sink of SINK_NAMES)
      await reader.readTopic(deadLetterTopic(pipeline.name, sink), {}, () => counts[sink]++);
    return counts;
  });
}

function judgeServices(fault: FaultCase, pipeline: FaultPipeline, before: Notes): string[] {
  return pipeline.kept.flatMap((service) => {
    const { name, output, peakMiB } = service;
    const problems: string[] = [];
    const said = output.slice(before.said[name]);
    // A rejection that nobody handles ends a service by an error without a code of ours.
    const unforeseen = said.split('\n').filter((line) => /unhandled|unexpected error/i.test(line));
    problems.push(
      ...unforeseen.slice(0, 2).map((line) => `${name} met an error that nobody expected: ${line}`),
    );
    if (peakMiB > MEMORY_MAX_MIB) problems.push(`${name} took ${Math.round(peakMiB)} MiB`);
    const ends = service.ownEnds.slice(before.ends[name]);
    const mustStop = fault.mustStop?.includes(name) === true;
    if (mustStop && ends.length === 0) problems.push(`${name} did not stop`);
    if (ends.length > (fault.restarts?.[name] ?? 0) + (mustStop ? 1 : 0)) problems.push(...ends);
    return problems;
  });
}

/** Every committed change is in the topics, once and in order; dead letters are those of the fault. */
async function judgeTopics(fault: FaultCase, scene: Scene, before: Notes): Promise<string[]> {
  const { pipeline } = scene;
  const letters = await lettersOf(pipeline);
  const problems = SINK_NAMES.flatMap((sink) => {
    const more = letters[sink] - before.letters[sink];
    const expected = fault.deadLetters?.[sink] ?? 0;
    return more === expected ? [] : [`${more} dead letters of ${sink}, not ${expected}`];
  });
  const [items, markers] = await pipeline.withReader(async (reader) => [
    await readSettledRows(reader, pipeline.topic('item')),
    await readSettledRows(reader, pipeline.topic('marker')),
  ]);
  scene.published = items.length + markers.length;
  const repeats = fault.publishesAgain === true;
  const twice = repeats ? [] : duplicateSequences([...items, ...markers]);
  if (twice.length > 0) problems.push(`published twice: ${twice.join(', ')}`);
  if (fault.leavesChangesOut === true) return problems;
  const { breaks, alive } = followKeys(repeats ? withoutRepeats(items) : items);
  problems.push(...breaks.map((broken) => `a change is missing in the topic: ${broken}`));
  const rows = await pipeline.source.rows('SELECT id, version, body FROM item');
  const live = compareBags(
    [...alive.values()],
    rows.map((row) => JSON.stringify(row)),
  );
  if (live.missing + live.surplus > 0) problems.push(`the topic's rows differ: ${live.examples.join('; ')}`);
  const written = await pipeline.source.rows('SELECT id, writer FROM marker');
  // A row may come by the stream and by the snapshot; that the stream repeats nothing was looked at above.
  const arrived = new Set(markers.map(({ payload }) => JSON.stringify(payload.after)));
  const marked = compareBags(
    [...arrived],
    written.map((row) => JSON.stringify(row)),
  );
  if (marked.missing + marked.surplus > 0)
    problems.push(
      `${marked.missing} inserts lost, ${marked.surplus} too many: ${marked.examples.join('; ')}`,
    );
  return problems;
}

async function bounded<T>(work: Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
