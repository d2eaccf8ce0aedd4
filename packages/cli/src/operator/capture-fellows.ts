import type { Captures } from '@sluice/ops-api';
import { age } from './age.ts';
import type { ServiceStatus } from './ask-service.ts';
import type { Cell } from './screen.ts';

type One = Captures['standbys'][number];
type Role = 'leader' | 'standby';

/** A capture, as the one that answers has heard of it. */
export interface CaptureFellow {
  readonly role: Role;
  readonly one: One;
}

/** All that the answering capture knows, itself included, the leader first; none for a sink. */
function capturesOf(status: Pick<ServiceStatus, 'captures'> | null): readonly CaptureFellow[] {
  const { leader = null, standbys = [] } = status?.captures ?? {};
  const first = leader === null ? [] : [{ role: 'leader' as const, one: leader }];
  return [...first, ...standbys.map((one) => ({ role: 'standby' as const, one }))];
}

/** The captures of the pipeline but the one that answers. */
export function fellowsOf(status: Pick<ServiceStatus, 'captures'> | null): readonly CaptureFellow[] {
  return capturesOf(status).filter(({ one }) => one.instance !== status?.captures?.instance);
}

/**
 * `leader for 3h`; null for a sink, and for a capture that neither leads nor stands by.
 * @param nowMs milliseconds since 1970
 */
export function roleOf(status: ServiceStatus, nowMs: number): string | null {
  const own = capturesOf(status).find(({ one }) => one.instance === status.captures?.instance);
  return own === undefined ? null : shownRole(own, nowMs);
}

/** The line of each capture but the one that answers, in the columns of `sluice status`. */
export function fellowRows(status: ServiceStatus | null, nowMs: number): readonly (readonly Cell[])[] {
  return fellowsOf(status).map((fellow) => {
    const { isWell, state, instance } = fellow.one;
    const unknown = [null, null, null, null, null];
    return ['capture', isWell ? 'yes' : 'no', state, shownRole(fellow, nowMs), ...unknown, instance];
  });
}

/** What keeps other captures from their role, as far as it is heard. */
export function fellowRemarks(status: ServiceStatus | null): readonly string[] {
  return fellowsOf(status)
    .filter(({ one }) => !one.isWell)
    .map(({ role, one }) => {
      const { instance, host, state } = one;
      const what = role === 'leader' ? 'does not get on' : 'could not take over';
      return `${role} ${instance} on ${host} is ${state} and ${what}: its own /status tells why`;
    });
}

function shownRole({ role, one }: CaptureFellow, nowMs: number): string {
  return `${role} for ${age(one.since, nowMs)}`;
}
