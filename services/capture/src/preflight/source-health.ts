import type { PreflightProblem } from '@sluice/runtime';
import { setGlobal } from '../source/set-global.ts';

const DAY_SECONDS = 86_400;
const DISK_SHARE = 0.1;

/** A binlog that goes sooner than a day after it was written is gone before a weekend's outage is. `0`: never by itself. */
export function retentionProblem(variables: ReadonlyMap<string, string>): PreflightProblem | null {
  const inSeconds = Number(variables.get('binlog_expire_logs_seconds') ?? 0);
  const inDays = Number(variables.get('expire_logs_days') ?? 0);
  const seconds = inSeconds > 0 ? inSeconds : inDays * DAY_SECONDS;
  if (seconds === 0 || seconds >= DAY_SECONDS) return null;
  return {
    setting: 'source variable binlog_expire_logs_seconds',
    found: `${seconds} s`,
    required: 'a day at least: capture can be away for no longer than the binlog is kept',
    fix: setGlobal('binlog_expire_logs_seconds = 604800'),
  };
}

export interface Disk {
  readonly path: string;
  readonly totalKiB: number;
  readonly availableKiB: number;
}

export function diskProblems(disks: readonly Disk[]): readonly PreflightProblem[] {
  return disks
    .filter(({ totalKiB, availableKiB }) => totalKiB > 0 && availableKiB < totalKiB * DISK_SHARE)
    .map(({ path, totalKiB, availableKiB }) => ({
      setting: `disk of the source, ${path}`,
      found: `${Math.floor((100 * availableKiB) / totalKiB)} % free`,
      required: 'at least 10 %: a full disk stops the source and its binlog',
      fix: 'make room, or keep binlogs for a shorter time; never delete binlog files by hand',
    }));
}
