import { check, refuseUnfit } from '../preflight/check.ts';
import type { CaptureSession } from './capture-session.ts';
import { fence } from './fence.ts';
import { restore } from './restore.ts';
import type { StartOptions } from './start-options.ts';

/**
 * The one path of start and recovery: check the source, make the topics and fence every older capture of this pipeline, and only
 * then read where to go on. Nothing is written to a topic before the checks have passed.
 * @param onStep called when a step begins
 */
export async function startSession(
  options: StartOptions,
  onStep: (step: 'check' | 'fence' | 'restore') => void,
  signal: AbortSignal,
): Promise<CaptureSession> {
  const { settings, log } = options;
  onStep('check');
  const checked = await check(options, signal);
  for (const warning of checked.warnings) log.warn({ event: 'capture.setting_unused' }, warning);
  if (checked.tooWide !== null && !options.hasStreamed)
    log.warn({ event: 'capture.account_too_wide' }, checked.tooWide);
  const fit = refuseUnfit(settings, checked);
  onStep('fence');
  const fenced = await fence(options, fit, signal);
  onStep('restore');
  return await restore(options, fit, fenced, signal);
}
