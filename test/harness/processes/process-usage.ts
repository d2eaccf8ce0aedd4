import { readFileSync } from 'node:fs';

/** Unit of the times in /proc: USER_HZ, 100 on every Linux architecture that Node.js runs on (time(7)). */
const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 20;

/** User and system time of a process and all its threads, in seconds, from the text of /proc/<pid>/stat (proc(5)). */
export function cpuSeconds(stat: string): number {
  // The second field is the program's name in brackets and may hold anything, spaces and brackets too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory that a process has had resident (VmHWM), in MiB, from the text of /proc/<pid>/status. */
export function peakMebibytes(status: string): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/mu.exec(status) ?? [];
  return Number(kibibytes) / 1024;
}

/** Processor time that the whole machine has spent busy, in seconds, from the text of /proc/stat. */
export function machineBusySeconds(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = stat
    .slice(0, stat.indexOf('\n'))
    .trim()
    .split(/\s+/u)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

export interface UsageSample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly cpuSeconds: number;
  readonly machineSeconds: number;
}

/** A figure of the samples at the instant `at` (milliseconds since the epoch), linear between two samples. */
export function interpolate(
  samples: readonly UsageSample[],
  at: number,
  figure: 'cpuSeconds' | 'machineSeconds',
): number {
  const next = samples.findIndex((sample) => sample.at >= at);
  const after = samples.at(next);
  if (after === undefined) return Number.NaN;
  const before = next > 0 ? samples[next - 1] : undefined;
  if (before === undefined || after.at === before.at) return after[figure];
  const share = (at - before.at) / (after.at - before.at);
  return before[figure] + (after[figure] - before[figure]) * share;
}

/** Takes samples of one process until it is stopped. */
export class UsageSampler {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  readonly #samples: UsageSample[] = [];

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#take(), SAMPLE_MS);
    this.#take();
  }

  /** Processor seconds of the process between two instants (milliseconds since the epoch). */
  cpuBetween(from: number, to: number): number {
    return interpolate(this.#samples, to, 'cpuSeconds') - interpolate(this.#samples, from, 'cpuSeconds');
  }

  /** Processors that the rest of the machine kept busy meanwhile, on average. */
  othersBusy(from: number, to: number): number {
    const machine =
      interpolate(this.#samples, to, 'machineSeconds') - interpolate(this.#samples, from, 'machineSeconds');
    return (machine - this.cpuBetween(from, to)) / ((to - from) / 1000);
  }

  peakMebibytes(): number {
    return peakMebibytes(readFileSync(`/proc/${this.#pid}/status`, 'latin1'));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #take(): void {
    try {
      this.#samples.push({
        at: Date.now(),
        cpuSeconds: cpuSeconds(readFileSync(`/proc/${this.#pid}/stat`, 'latin1')),
        machineSeconds: machineBusySeconds(readFileSync('/proc/stat', 'latin1')),
      });
    } catch {
      this.stop(); // the process has ended
    }
  }
}
