import { readFileSync } from 'node:fs';
import { peakMebibytes } from '../../harness/processes/process-usage.ts';

const EVERY_MS = 100;

/** Follows the most memory that a process has had resident, for as long as it lives. */
export class PeakMemory {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #peak = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), EVERY_MS).unref();
  }

  /** The peak in MiB. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#peak;
  }

  #look(): void {
    try {
      this.#peak = Math.max(this.#peak, peakMebibytes(readFileSync(`/proc/${this.#pid}/status`, 'latin1')));
    } catch {
      clearInterval(this.#timer); // the process has ended
    }
  }
}
