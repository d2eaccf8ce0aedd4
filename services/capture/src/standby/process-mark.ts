import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process it is, for others on the same host. */
export interface ProcessMark {
  readonly host: string;
  readonly pid: string;
  /** When it was started by its own clock, ISO 8601. */
  readonly since: string;
  /** Boot of the host and namespace of process ids; empty where there is no such thing, or an older version says nothing. */
  readonly kernel: string;
  /** Start of the process as the kernel counts it (proc(5), `starttime`); empty as above. */
  readonly ticks: string;
}

export const OWN_MARK: ProcessMark = {
  host: hostname(),
  pid: String(process.pid),
  since: new Date(performance.timeOrigin).toISOString(),
  kernel: kernelOf(),
  ticks: statOf(process.pid)?.ticks ?? '',
};

export function isSameProcess(one: ProcessMark, other: ProcessMark): boolean {
  return one.host === other.host && one.pid === other.pid && one.since === other.since;
}

/**
 * Whether the process is provably at an end: its id is free or another's now, or this process has it and was started later, as in a container
 * that is started again. False where that cannot be told.
 */
export function isGone(mark: ProcessMark): boolean {
  if (mark.host !== OWN_MARK.host || isSameProcess(mark, OWN_MARK)) return false;
  if (mark.pid === OWN_MARK.pid) return true;
  // Ids of another namespace, or of before a boot, mean nothing here.
  if (mark.kernel !== '' && mark.kernel !== OWN_MARK.kernel) return false;
  return /^[1-9]\d{0,9}$/.test(mark.pid) && !isAlive(Number(mark.pid), mark.ticks);
}

function isAlive(pid: number, ticks: string): boolean {
  const stat = statOf(pid);
  if (stat !== null) return !'ZX'.includes(stat.state) && (ticks === '' || ticks === stat.ticks);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** Of proc(5), where there is one; null for a process that is not there. The name, in brackets, may hold anything. */
function statOf(pid: number): { readonly state: string; readonly ticks: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', ticks: fields[19] ?? '' };
  } catch {
    return null;
  }
}

function kernelOf(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '';
  }
}
