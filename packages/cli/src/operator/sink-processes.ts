import type { GroupMember } from '@sluice/kafka';
import { instanceOf, type Instance } from '@sluice/ops-api';
import type { Told } from './ask-service.ts';
import { hostPort, isAnywhere } from './ops-url.ts';

/** A process of a sink, as its consumer group knows it. */
export interface SinkProcess {
  readonly instance: string;
  readonly url: string;
}

/** The members that say where they answer; one that listens on all of its host is asked where the broker sees it. */
export function processesOf(members: readonly GroupMember[], service: string): readonly SinkProcess[] {
  return members.flatMap(({ host, data }) => {
    const record = instanceOf(data);
    return record?.service === service ? [{ instance: record.instance, url: urlOf(record, host) }] : [];
  });
}

function urlOf({ host, port, isTls }: Instance, seenAt: string): string {
  return `${isTls ? 'https' : 'http'}://${hostPort(isAnywhere(host) ? seenAt : host, port)}`;
}

/** What was told at an address, and which process was expected there; null: any of the service. */
export interface Asked {
  readonly url: string;
  readonly expected: string | null;
  readonly told: Told;
}

/**
 * The answers that count, one per process: of the configured address, and of every process that the group knows. An address at which
 * nobody answers, or that does not let us in, says nothing of its own where the processes themselves were found.
 */
export function answersPerProcess(configured: Asked, found: readonly Asked[]): readonly Asked[] {
  if (found.length === 0) return [configured];
  if (configured.told.kind !== 'told') {
    return configured.told.kind === 'foreign' ? [configured, ...found] : found;
  }
  const { instance } = configured.told.status;
  const others = found.filter(({ expected }) => expected !== instance);
  return [configured, ...others];
}
