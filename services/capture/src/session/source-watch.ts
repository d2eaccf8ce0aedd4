import { abortableDelay, type Logger, type PreflightProblem } from '@sluice/runtime';
import type { TableFilter } from '../model/table-filter.ts';
import { findBinlogGaps, type BinlogGaps, type Cascades } from '../preflight/binlog-gaps.ts';
import { isToldByStream } from '../source/moved.ts';
import { onConnection } from '../source/open-connection.ts';
import type { Source } from '../source/source.ts';

/** How often is looked whether a statement has passed (ms). */
const ROUND_MS = 1000;
/** How often the source is asked without one (ms). */
const ASK_MS = 60_000;

export interface SourceWatchParts {
  readonly source: Source;
  readonly filter: TableFilter;
  /** What was found when this session began. */
  readonly found: BinlogGaps;
  /** DDL statements that the stream has passed so far. */
  readonly ddlsPassed: () => number;
  /** Is told of every answer about foreign keys. */
  readonly onCascades: (cascades: Cascades) => void;
  readonly log: Logger;
}

/** Asks again what was asked at the start: a server may become a replica, and a foreign key come into being, at any time. */
export class SourceWatch {
  readonly #parts: SourceWatchParts;
  #gaps: BinlogGaps;

  constructor(parts: SourceWatchParts) {
    this.#parts = parts;
    this.#gaps = parts.found;
  }

  get gaps(): BinlogGaps {
    return this.#gaps;
  }

  /**
   * Resolves at the signal. A source that does not answer is asked again later: the stream tells of it. Throws SOURCE_MOVED when another one
   * answers, and the next session decides whether to follow: the link to the old one may live on, idle, while all is written elsewhere.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { ddlsPassed } = this.#parts;
    this.#tell(null);
    let passed = ddlsPassed();
    for (let asked = performance.now(); !signal.aborted;) {
      await abortableDelay(ROUND_MS, signal).catch(() => undefined);
      const isDue = passed !== ddlsPassed() || performance.now() - asked > ASK_MS;
      if (!isDue || signal.aborted) continue;
      passed = ddlsPassed();
      asked = performance.now();
      await this.#ask(signal);
    }
  }

  /** An answer that waits for a lock of the source holds up no stop. */
  async #ask(signal: AbortSignal): Promise<void> {
    const { source, filter } = this.#parts;
    const before = this.#gaps;
    try {
      this.#gaps = await onConnection(source, { signal }, (connection) =>
        findBinlogGaps(connection, source.facts, filter),
      );
    } catch (error) {
      if (signal.aborted || isToldByStream(error)) return;
      throw error;
    }
    this.#tell(before.replica);
  }

  #tell(before: PreflightProblem | null): void {
    const { log, onCascades } = this.#parts;
    const { replica, cascades } = this.#gaps;
    if (replica !== null && before === null) {
      const { setting, found, fix } = replica;
      log.warn({ event: 'capture.replica_not_logged' }, `${setting}: found ${found}. Fix: ${fix}`);
    }
    onCascades(cascades);
  }
}
