import { spawn } from 'node:child_process';
import type { RowFate } from '@sluice/compare';
import type { SluiceConfig } from '@sluice/runtime';
import type { OptionValues } from './option-values.ts';
import { UsageError } from './usage-error.ts';

/** For a person who looks as well as for a check. */
const GATE_MS = 3_600_000;
const STAGE = /^canary=(.+)$/;

/** One sink is repaired first, and the others when a command allows it. */
export interface Stage {
  readonly canary: string;
  /** A command of the shell. */
  readonly gate: string;
  readonly next: readonly string[];
}

/** Null without `--stage`. Throws UsageError. */
export function stageOf(values: OptionValues, { sinks }: SluiceConfig): Stage | null {
  const [stage, gate, next] = [values.text('stage'), values.text('gate'), values.texts('next')];
  if (stage === undefined && gate === undefined && next.length === 0) return null;
  if (stage === undefined || gate === undefined || next.length === 0)
    throw new UsageError('--stage, --gate and --next are given together');
  const canary = STAGE.exec(stage)?.[1];
  if (canary === undefined) throw new UsageError(`--stage is "${stage}", but must be canary=SINK`);
  if (!values.flag('apply')) throw new UsageError('--stage needs --apply');
  if (values.texts('sink').length > 0) throw new UsageError('--stage and --sink exclude each other');
  const named = [canary, ...next];
  const unknown = named.find((name) => !Object.hasOwn(sinks, name));
  if (unknown !== undefined)
    throw new UsageError(`there is no sink ${unknown}; the file has: ${Object.keys(sinks).join(', ')}`);
  if (new Set(named).size < named.length) throw new UsageError('--stage and --next name a sink twice');
  return { canary, gate, next };
}

/**
 * Why the other sinks are not repaired; null when they may be. The gate is asked when rows of the canary were repaired and are equal;
 * it passes with exit code 0, and what it writes goes to standard error.
 */
export async function refusalOf(
  { canary, gate }: Stage,
  fates: readonly RowFate[],
  signal: AbortSignal,
): Promise<string | null> {
  if (fates.length === 0)
    return `sink ${canary} has no row that is repaired, so the gate would say nothing of a repair: name another canary`;
  if (fates.some(({ fate }) => fate !== 'equal')) return `sink ${canary} is not equal after its repair`;
  const code = await exitCodeOf(gate, signal);
  return code === 0 ? null : `the gate ended with ${code}`;
}

/**
 * Runs `work`, which says by `begin` which sink it comes to. When it breaks off at the canary, what was written there goes back before.
 * Throws what has broken it off.
 */
export async function withCanary<T>(
  stage: Stage | null,
  work: (begin: (sink: string) => void) => Promise<T>,
  putBack: (canary: string) => Promise<void>,
): Promise<T> {
  let at: string | null = null;
  try {
    return await work((sink) => (at = sink));
  } catch (error) {
    if (stage !== null && at === stage.canary) await putBack(stage.canary);
    throw error;
  }
}

async function exitCodeOf(command: string, signal: AbortSignal): Promise<number | string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(GATE_MS)]);
  const { promise, resolve } = Promise.withResolvers<number | string>();
  const child = spawn(command, { shell: true, stdio: ['ignore', 2, 2], signal: limit });
  child.once('error', ({ message }) => resolve(message));
  child.once('close', (code, ended) => resolve(code ?? String(ended)));
  return promise;
}
