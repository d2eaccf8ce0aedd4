import { SeededRandom } from '@sluice/seeded-random';
import { SINK_NAMES } from '../pipelines/sink-pipeline.ts';
import type { Flavour } from '../histories/replica.ts';
import type { FaultCase } from './fault-case.ts';
import { beginPairFault, PAIR_KINDS } from './pair-faults.ts';
import { beginRandomFault, type BegunFault } from './random-faults.ts';
import type { Scene } from './scene.ts';
import { DealtKinds } from './dealt-kinds.ts';
import { SourceRoles } from './source-roles.ts';
import { STANDBY_PIPELINE } from './standby-capture.ts';

/** Longest time from the end of a fault until a new row is in every store, in seconds; also on a machine that has much else to do. */
const RECOVERY_S = 180;
const FAULT_MS = { least: 300, most: 6000 };
const BETWEEN_MS = { least: 10_000, most: 20_000 };
/** Time for the judgement: topics of half an hour are read to their end. */
const JUDGEMENT_S = 600;
/** Sinks whose consumer dies ask to be started again; how often is not what a soak is about. */
const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

export interface SoakTally {
  faults: number;
  /** What it happened to; null before the load has begun. */
  scene: Scene | null;
  /** Seconds, one for each fault after which new rows came everywhere. */
  readonly recoveries: number[];
}

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Two captures, and a source of this kind with a replica; null: one of each, a MySQL. */
  readonly pair: Flavour | null;
}

/**
 * Faults that chance chooses, one every 10 to 20 s, each followed by recovery, for so many minutes: the same ones for the
 * same seed.
 * @param say gets a line for each fault
 */
export function soakCase(
  { minutes, seed, pair }: SoakOptions,
  tally: SoakTally,
  say: (line: string) => void,
): FaultCase {
  // Not the chance of the load, of which nobody knows how much it takes between two faults.
  const random = new SeededRandom(seed);
  return {
    title: `random faults every 10 to 20 s for ${minutes} minutes`,
    recoverySeconds: RECOVERY_S,
    limitSeconds: minutes * 60 + RECOVERY_S + JUDGEMENT_S,
    killsElasticsearch: true,
    restarts: {
      capture: ANY_NUMBER,
      'sink-redis': ANY_NUMBER,
      'sink-elasticsearch': ANY_NUMBER,
      'sink-mysql': ANY_NUMBER,
      standby: ANY_NUMBER,
    },
    ...(pair === null
      ? {}
      : { replicated: pair, pipeline: { ...STANDBY_PIPELINE, onFatal: 'stay' as const, isPair: true } }),
    run: async (scene) => {
      tally.scene = scene;
      const begin = pair === null ? () => beginRandomFault(scene, random) : pairFaults(scene, random);
      const end = performance.now() + minutes * 60_000;
      while (performance.now() < end) await oneFault(scene, { random, begin }, tally, say);
    },
  };
}

/** Begins one fault after the other of two captures and two servers, and of all others. */
function pairFaults(scene: Scene, random: SeededRandom): () => Promise<BegunFault> {
  const kinds = new DealtKinds(PAIR_KINDS, random);
  const roles = new SourceRoles(scene.replicated);
  return () => beginPairFault(kinds.next(), scene, { roles, random });
}

async function oneFault(
  scene: Scene,
  { random, begin }: { readonly random: SeededRandom; readonly begin: () => Promise<BegunFault> },
  tally: SoakTally,
  say: (line: string) => void,
): Promise<void> {
  const begun = performance.now();
  const pauseMs = random.integer(BETWEEN_MS.least, BETWEEN_MS.most);
  const lastsMs = random.integer(FAULT_MS.least, FAULT_MS.most);
  const fault = await begin();
  tally.faults++;
  try {
    await scene.goOn(lastsMs);
    await fault.end();
    const over = performance.now();
    await scene.flows(SINK_NAMES, RECOVERY_S * 1000);
    const seconds = (performance.now() - over) / 1000;
    tally.recoveries.push(seconds);
    say(`${fault.name} for ${(lastsMs / 1000).toFixed(1)} s, recovered in ${seconds.toFixed(1)} s`);
  } catch (error) {
    throw new Error(`after ${fault.name} for ${(lastsMs / 1000).toFixed(1)} s`, { cause: error });
  }
  await scene.goOn(Math.max(0, begun + pauseMs - performance.now()));
}

/** Changes, faults, recoveries and what the stores differ in, a line each. */
export function soakFigures({ faults, recoveries, scene }: SoakTally): string[] {
  const slowest = Math.max(0, ...recoveries).toFixed(1);
  const sinks = Object.entries(scene?.compared?.sinks ?? {}).map(
    ([sink, { compared, different, missing, extra }]) =>
      `${sink}: ${compared} rows compared, ${different} different, ${missing} missing, ${extra} extra`,
  );
  return [
    `${scene?.changes.committed ?? 0} transactions`,
    // Counted by the judgement, to which a soak that fails does not come.
    ...(scene === null || scene.published === 0 ? [] : [`${scene.published} row changes published`]),
    `${faults} faults, ${recoveries.length} recoveries, the slowest in ${slowest} s`,
    ...sinks,
  ];
}
