import { wordsOf } from '@sluice/runtime';
import { Deeds } from './deeds.ts';
import { preflight, type Findings } from './preflight.ts';
import { look } from './look.ts';
import { addressOf, ANSWER_MS, type DeedParts } from './servers.ts';
import { withSide } from './side.ts';
import { takeTurn } from './turn.ts';
import {
  beginAt,
  next,
  takeBackAt,
  type Outcome,
  type Step,
  type Switchover,
  type UndoStep,
} from './steps.ts';
import { StepUnknown, type Patience } from './within.ts';

export type { CaptureControl, CaptureNow } from './capture-control.ts';
export type { Findings } from './preflight.ts';
export { MEANINGS, STEPS, type Switchover } from './steps.ts';

/** What is taken back is not interrupted. */
const NEVER = new AbortController().signal;

export interface SwitchoverOrder extends DeedParts {
  /** Takes an interrupted one back. */
  readonly isBack: boolean;
  readonly onStep: (step: Step | UndoStep) => void;
}

export interface SwitchoverEnd {
  readonly end: Switchover;
  /** Steps that were tried, in their order. */
  readonly steps: readonly (Step | UndoStep)[];
  /** How long neither server took writes (ms); null where this command has not seen both ends. */
  readonly gapMs: number | null;
}

/** What keeps a switchover from beginning, and how far the new source is behind. Changes nothing. Throws as the servers and capture fail. */
export async function planSwitchover({ config, old, to, login, capture }: DeedParts): Promise<Findings> {
  const looked = {
    config,
    capture: await capture.now(),
    addresses: { old: addressOf(old), new: addressOf(to) },
  };
  return withSide(config, old, login, (one) =>
    withSide(config, to, login, (other) => preflight(looked, one, other)),
  );
}

/**
 * Continues where the servers stand, step by step; one that fails, or the signal, has all of it taken back. Throws as the servers and capture
 * fail before the first step.
 */
export async function switchOver(order: SwitchoverOrder, signal: AbortSignal): Promise<SwitchoverEnd> {
  const turn = await takeTurn(order);
  if (turn === null) {
    const why = `another sluice source switchover is at work on ${addressOf(order.old)}`;
    return { end: { kind: 'refused', why }, steps: [], gapMs: null };
  }
  try {
    return await stepByStep(order, signal);
  } finally {
    turn.end();
  }
}

async function stepByStep(order: SwitchoverOrder, signal: AbortSignal): Promise<SwitchoverEnd> {
  const seen = await look(order, order.isBack);
  const deeds = new Deeds(order);
  const steps: (Step | UndoStep)[] = [];
  let now = order.isBack ? takeBackAt(seen) : beginAt(seen);
  while ('step' in now) {
    const { kind, step } = now;
    steps.push(step);
    order.onStep(step);
    const patience = { waitMs: order.waitMs, signal: kind === 'doing' ? signal : NEVER };
    now = next(now, await outcomeOf(deeds, step, patience));
  }
  const { lockedAt, releasedAt } = deeds;
  const gapMs = lockedAt === null || releasedAt === null ? null : Math.round(releasedAt - lockedAt);
  return { end: now, steps, gapMs };
}

async function outcomeOf(
  deeds: Deeds,
  step: Step | UndoStep,
  { signal, waitMs }: Patience,
): Promise<Outcome> {
  if (signal.aborted) return { kind: 'failed', why: 'interrupted' };
  const late = Promise.withResolvers<never>();
  const giveUp = (): void => late.reject(new StepUnknown('a server does not answer'));
  const timer = setTimeout(giveUp, waitMs + ANSWER_MS);
  try {
    await Promise.race([deeds.run(step, signal), late.promise]);
    return { kind: 'done' };
  } catch (error) {
    return { kind: error instanceof StepUnknown ? 'unknown' : 'failed', why: wordsOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
