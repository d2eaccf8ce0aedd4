import type { BinlogGaps } from '../preflight/binlog-gaps.ts';
import type { ReadUpTo } from '../source/purge-forecast.ts';
import type { CaptureLoop } from '../stream/capture-loop.ts';
import { watchBrokerClock } from './broker-clock-watch.ts';
import { watchRetention } from './retention-watch.ts';
import type { SessionParts } from './session-parts.ts';
import type { SessionStream } from './session-stream.ts';
import { SourceWatch } from './source-watch.ts';
import { watchTopics } from './topic-watch.ts';
import { isAccountedBy, watchUnaccounted } from './unaccounted-tables.ts';

type StreamSides = Pick<SessionStream, 'stream' | 'routes' | 'work' | 'tables' | 'foreignKeys' | 'jobStore'>;

/** What a session looks at from time to time, at the source and in Kafka, while the stream continues. */
export class SessionWatches {
  readonly #parts: SessionParts;
  readonly #sides: StreamSides;
  readonly #loop: Pick<CaptureLoop, 'atBoundary'>;
  readonly #source: SourceWatch;

  constructor(parts: SessionParts, sides: StreamSides, loop: Pick<CaptureLoop, 'atBoundary'>) {
    this.#parts = parts;
    this.#sides = sides;
    this.#loop = loop;
    this.#source = this.#newSourceWatch();
  }

  /** Changes that the source keeps out of its binlog, by its newest answer. */
  get gaps(): BinlogGaps {
    return this.#source.gaps;
  }

  /** Each resolves at the signal, and throws what ends the session. */
  run(signal: AbortSignal): readonly Promise<void>[] {
    return [
      watchTopics(this.#parts, signal),
      this.#source.run(signal),
      this.#watchRetention(signal),
      watchBrokerClock(this.#parts.settings, (seconds) => this.#parts.metrics.brokerClock(seconds), signal),
      this.#watchUnaccounted(signal),
    ];
  }

  #newSourceWatch(): SourceWatch {
    const { settings, source, gaps, log } = this.#parts;
    const { routes, foreignKeys } = this.#sides;
    return new SourceWatch({
      source,
      filter: settings.filter,
      found: gaps,
      ddlsPassed: () => routes.ddlsPassed,
      // Once the stream has ended, the next session takes them.
      onCascades: (found) =>
        void this.#loop.atBoundary(null, () => foreignKeys.take(found)).catch(() => undefined),
      log,
    });
  }

  #watchRetention(signal: AbortSignal): Promise<void> {
    const { source, metrics } = this.#parts;
    const { stream } = this.#sides;
    const readUpTo = (): ReadUpTo => ({
      ...stream.place.position,
      committedAtMs: stream.transaction.committedAtMs,
    });
    return watchRetention(
      { source, readUpTo, onAnswer: (answer, at) => metrics.retention(answer, at) },
      signal,
    );
  }

  #watchUnaccounted(signal: AbortSignal): Promise<void> {
    const { settings, source, journal, absent } = this.#parts;
    const { work, jobStore, tables, routes } = this.#sides;
    const account = {
      takesFirst: settings.config.snapshot.mode === 'initial',
      isKnown: (id: string) => jobStore.knows(id),
      isRefused: (id: string) => tables.isRefused(id),
      isStopped: (id: string) => journal.isStopped(id),
      wasCreated: (database: string, table: string) => routes.names.wasCreated({ database, table }),
    };
    return watchUnaccounted(
      {
        source,
        filter: settings.filter,
        work,
        atBoundary: (mark, look) => this.#loop.atBoundary(mark, look),
        isAccounted: (table) => isAccountedBy(account, table),
        absent,
        isTold: (table) => routes.names.isTold(table),
      },
      signal,
    );
  }
}
