import { createLogger, PipelineError, type SluiceConfig } from '@sluice/runtime';
import type { Address } from '../orphans/masters.ts';
import { check } from '../preflight/check.ts';
import { captureSettings } from '../settings/capture-settings.ts';

const PATIENCE_MS = 30_000;

/**
 * What would keep capture from starting at that server, were it the only one of `source`: what each of its starts asks, with its own login.
 * Changes nothing.
 */
export async function captureThere(
  config: SluiceConfig,
  { host, port }: Address,
): Promise<readonly string[]> {
  const only = { ...config.source, host, port, hosts: [{ host, port }], read: 'any' } as const;
  const silent = createLogger('switchover', { level: 'silent' });
  const settings = captureSettings({ ...config, source: only }, [], silent);
  const options = { settings, hasStreamed: true, acceptLostCheckpoint: false };
  try {
    const { problems, kafkaError } = await check(options, AbortSignal.timeout(PATIENCE_MS));
    const found = problems.map(
      ({ setting, found: is, required, fix }) => `${setting} is ${is}, and must be ${required}: ${fix}`,
    );
    return kafkaError === null ? found : [...found, kafkaError.message];
  } catch (error) {
    if (error instanceof PipelineError) return [error.message];
    throw error;
  }
}
