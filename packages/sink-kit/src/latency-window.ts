const WINDOW_MS = 60_000;
const SAMPLES_MAX = 4096;

/** The last minute's end-to-end latencies, for `/status`: the newest 4,096 samples. Pure: time is an argument. */
export class LatencyWindow {
  readonly #samples: { readonly at: number; readonly ms: number }[] = [];
  #next = 0;

  add(latenciesMs: readonly number[], nowMs: number): void {
    for (const ms of latenciesMs) {
      this.#samples[this.#next] = { at: nowMs, ms };
      this.#next = (this.#next + 1) % SAMPLES_MAX;
    }
  }

  /** Milliseconds; null when the last minute has no sample. */
  quantiles(nowMs: number): { readonly p50: number; readonly p99: number; readonly samples: number } | null {
    const recent = this.#samples.filter(({ at }) => at > nowMs - WINDOW_MS).map(({ ms }) => ms);
    if (recent.length === 0) return null;
    recent.sort((a, b) => a - b);
    const at = (share: number): number =>
      recent[Math.min(recent.length - 1, Math.floor(recent.length * share))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), samples: recent.length };
  }
}
