import type { InstanceRecord } from '../../src/standby/instance-record.ts';

export const mark = (pid = '7', host = 'a') => ({ host, pid, since: `since ${pid}`, kernel: '', ticks: '' });

/** A record as a capture writes it; a leader's where it has a term. */
export function recordOf(instance: string, change: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    version: 1,
    instance,
    sluice: '0.1.0',
    mark: mark(),
    state: change.term === undefined ? 'standby' : 'streaming',
    since: '2026-11-29T08:00:00.000Z',
    term: null,
    isWell: true,
    goodbye: null,
    handing: null,
    preparedFor: null,
    candidateFor: null,
    request: null,
    ...change,
  };
}

export const term = (epoch: number, producerId = '1') => ({ producerId, epoch });
