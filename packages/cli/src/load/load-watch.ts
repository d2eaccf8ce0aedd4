import type { ServiceAnswer } from '../operator/service-line.ts';

/** What a process of a sink tells of the time from the source's commit to its store, in milliseconds. */
export interface SinkLatency {
  readonly service: string;
  readonly instance: string | null;
  /** Of the last minute of the load. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The highest p99 that was told while it ran. */
  readonly worstP99Ms: number;
}

/** Keeps what the sinks tell of their latency while a load runs. */
export class LoadWatch {
  readonly #seen = new Map<string, SinkLatency>();

  note(answers: readonly ServiceAnswer[]): void {
    for (const { service, instance, status } of answers) {
      const told = status?.latencyMs ?? null;
      if (told === null || told.samples === 0) continue;
      const key = `${service} ${instance ?? ''}`;
      const worstP99Ms = Math.max(told.p99, this.#seen.get(key)?.worstP99Ms ?? 0);
      this.#seen.set(key, { service, instance, p50Ms: told.p50, p99Ms: told.p99, worstP99Ms });
    }
  }

  get latencies(): readonly SinkLatency[] {
    return [...this.#seen.values()];
  }
}
