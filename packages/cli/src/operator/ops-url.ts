import { opsOf, type SluiceConfig } from '@sluice/runtime';

const ANYWHERE = new Set(['0.0.0.0', '::']);

/** Where a service shows its health; `path` is its section, such as `['sinks', 'redis']`. */
export function opsUrl(config: SluiceConfig, path: readonly string[]): string {
  const { host, port } = opsOf(config, path);
  const reachable = ANYWHERE.has(host) ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
