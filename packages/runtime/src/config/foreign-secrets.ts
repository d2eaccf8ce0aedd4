import type { PathPart } from './shape.ts';

/** Of `source`, what only capture logs in with; sinks know tables by the same section. */
const LOGIN = new Set<PathPart | undefined>(['host', 'hosts', 'read', 'user', 'password', 'tls']);

/**
 * Which settings of `sluice.yaml` a service has no use for: their variables may be missing, their files unreadable, so that each service
 * can be given its own secrets and no others. `service` is `capture` or `sink-<name>`.
 */
export function isForeign(service: string): (path: readonly PathPart[]) => boolean {
  const sink = service.startsWith('sink-') ? service.slice('sink-'.length) : null;
  return ([section, name]) => {
    if (section === 'auditor') return true;
    if (section === 'sinks') return name !== sink;
    if (sink === null) return false;
    return section === 'capture' || (section === 'source' && LOGIN.has(name));
  };
}
