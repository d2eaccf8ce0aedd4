import { abortableDelay, PipelineError } from '@sluice/runtime';
import { check, refuseUnfit, type Fit } from '../preflight/check.ts';
import type { Fellow } from '../standby/fellows.ts';
import type { CaptureSession } from './capture-session.ts';
import { fence } from './fence.ts';
import { restore } from './restore.ts';
import type { StartOptions } from './start-options.ts';

/** What a start tells of itself. */
export interface StartSteps {
  onStep(step: 'check' | 'fence' | 'restore'): void;
  /** Another capture leads. Called again and again while it does. */
  onWait(leader: Fellow | null): void;
  /** A standby has checked again what a start needs; null when all is well. */
  onChecked(error: PipelineError | null): void;
  /** It has looked at Kafka who leads; null when Kafka has answered. */
  onLook(error: PipelineError | null): void;
}

/** Between two checks (ms) while source or Kafka is away. */
const AGAIN_MS = 2000;

/**
 * The one path of start and recovery: check the source, wait for the turn among the captures of the pipeline, make the topics and fence every
 * older capture, and only then read where to go on. Nothing but that it is there is written to a topic before the checks have passed.
 */
export async function startSession(
  options: StartOptions,
  steps: StartSteps,
  signal: AbortSignal,
): Promise<CaptureSession> {
  const { standby, log } = options;
  steps.onStep('check');
  const fit = await whenOurTurn(options, steps, signal);
  steps.onStep('fence');
  const fenced = await fence(options, fit, signal);
  const { identity } = fenced.publisher;
  // The fence keeps all others out: what follows does not wait until they have been told, and it never rejects.
  const told = identity === null ? null : standby.turn.lead(identity);
  log.info({ event: 'capture.leads', instance: standby.own.name }, 'this capture leads');
  steps.onStep('restore');
  try {
    return await restore(options, fit, fenced, signal);
  } finally {
    await told;
  }
}

/** What the last check has found, when it is this capture's turn. */
async function whenOurTurn(options: StartOptions, steps: StartSteps, signal: AbortSignal): Promise<Fit> {
  const { settings } = options;
  let fit = await examine(options, signal);
  let checkedMs = performance.now();
  const again = async (): Promise<boolean> => {
    try {
      fit = refuseUnfit(settings, await check(options, signal));
      checkedMs = performance.now();
      steps.onChecked(null);
      return true;
    } catch (error) {
      if (!(error instanceof PipelineError) || error.errorClass !== 'retryable') throw error;
      steps.onChecked(error);
      await abortableDelay(AGAIN_MS, signal);
      return false;
    }
  };
  const ageMs = (): number => performance.now() - checkedMs;
  const onWait = (leader: Fellow | null): void => steps.onWait(leader);
  const onLook = (error: PipelineError | null): void => steps.onLook(error);
  await options.standby.turn.wait({ again, ageMs, onWait, onLook }, signal);
  return fit;
}

async function examine(options: StartOptions, signal: AbortSignal): Promise<Fit> {
  const { settings, log } = options;
  const checked = await check(options, signal);
  for (const warning of checked.warnings) log.warn({ event: 'capture.setting_unused' }, warning);
  if (checked.tooWide !== null && !options.hasStreamed)
    log.warn({ event: 'capture.account_too_wide' }, checked.tooWide);
  return refuseUnfit(settings, checked);
}
