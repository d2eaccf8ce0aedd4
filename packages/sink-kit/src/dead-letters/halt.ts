import { hash } from 'node:crypto';
import { PipelineError, redactedConfig, type SluiceConfig } from '@sluice/runtime';
import type { SinkSettings } from '../settings.ts';
import type { Halt } from './decisions.ts';

/**
 * Says whether two starts of a sink have the same settings: a digest of its section with all defaults, without secrets and
 * without the ports, which cannot have been the cause.
 */
export function settingsDigest(config: SluiceConfig, name: string, settings: SinkSettings): string {
  const { ops: _ports, ...rest } = settings;
  const shown = redactedConfig({ ...config, sinks: { [name]: rest } })['sinks'];
  return hash('sha256', JSON.stringify(shown)).slice(0, 16);
}

/** `lifted`: an operator has changed the settings since, which is an answer too. */
export function haltState(halt: Halt | null, settings: string): 'none' | 'stopped' | 'lifted' {
  if (halt === null || halt.accepted !== null) return 'none';
  return halt.settings === settings ? 'stopped' : 'lifted';
}

export function haltedError(sink: string, halt: Halt): PipelineError {
  const { topic, partition, offset, code } = halt;
  return new PipelineError(
    'DIVERSION_HALTED',
    `${sink} is stopped since ${new Date(halt.at).toISOString()}: too many records would have become dead letters; the last: ${code}`,
    { context: { topic, partition, offset } },
  );
}
