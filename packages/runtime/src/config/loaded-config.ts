import { hash } from 'node:crypto';
import { isForeign } from './foreign-secrets.ts';
import type { SluiceConfig } from './schema.ts';
import { redactedConfig } from './secrets.ts';

/** Which configuration a process runs by, as `/status` shows it. */
export interface LoadedConfig {
  /** SHA-256 of the resolved configuration, 64 hexadecimal digits: equal for processes of the same settings, whatever their secrets. */
  readonly hash: string;
  /** When it was read, ISO 8601. */
  readonly loadedAt: string;
}

/**
 * The settings of a service as it may print them: secrets are `***`. Of others it knows no names, so that a secret under a wrong one would
 * be shown; of its own a wrong name is refused.
 * @param service `capture` or `sink-<name>`
 */
export function printedConfig(config: SluiceConfig, service: string): unknown {
  return own(redactedConfig(config), [], isForeign(service));
}

/**
 * What tells two configurations of a service apart: settings that it has no use for, secrets (which are `***`) and the order of
 * the keys do not count. Defaults do,
 * but for those of a sink's section, which only the sink knows: of it what is written.
 * @param service `capture` or `sink-<name>`
 */
export function loadedConfig(config: SluiceConfig, service: string, loadedAtMs: number): LoadedConfig {
  const canonical = JSON.stringify(printedConfig(config, service));
  return { hash: hash('sha256', canonical), loadedAt: new Date(loadedAtMs).toISOString() };
}

function own(
  value: unknown,
  path: readonly string[],
  isUnused: (path: readonly string[]) => boolean,
): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => own(item, path, () => false));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value)
    .map(([name, inner]) => ({ name, inner: inner as unknown, at: [...path, name] }))
    .filter(({ at }) => at.length !== 2 || !isUnused(at))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(kept.map(({ name, inner, at }) => [name, own(inner, at, isUnused)]));
}
