import type { CaptureStatus } from '@sluice/ops-api';
import type { HealthReport, LoadedConfig, Troubles } from '@sluice/runtime';
import type { CaptureSession } from '../session/capture-session.ts';
import type { CurrentState } from '../session/current-state.ts';
import type { CaptureMetrics } from '../session/metrics.ts';
import type { OpenDeadLetters } from '../session/open-dead-letters.ts';
import type { StreamWatch } from '../session/stream-watch.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { Handover } from '../standby/handover.ts';
import { isLedByAnother } from '../standby/fellows.ts';
import { isSignOfLife } from '../standby/sign-of-life.ts';
import type { Standby } from '../standby/standby.ts';
import { captureHealth, isStuck, type CaptureCondition } from './health.ts';
import { captureStatus } from './status.ts';

export interface CaptureViewParts {
  readonly settings: CaptureSettings;
  readonly loaded: LoadedConfig;
  readonly state: CurrentState;
  readonly watch: StreamWatch;
  readonly troubles: Troubles;
  readonly letters: OpenDeadLetters;
  readonly metrics: CaptureMetrics;
}

/** How capture is, looked at from outside: its pages, its metrics, and what it tells other captures. */
export class CaptureView {
  readonly #parts: CaptureViewParts;

  constructor(parts: CaptureViewParts) {
    this.#parts = parts;
  }

  /** What other captures are told: a leader that does not get on gives no sign of life, a standby with trouble is not handed over to. */
  isWell(): boolean {
    const { state, troubles } = this.#parts;
    if (state.name === 'standby') return troubles.of('stream') === null;
    this.#observe();
    return isSignOfLife(state.name, state.forMs);
  }

  /** Sets the metrics that are looked at, once a second. */
  gauge({ own, leader }: Pick<Standby, 'own' | 'leader'>): void {
    const { state, metrics, watch, settings } = this.#parts;
    const session = this.#observe();
    const { journal } = state.now;
    if (journal !== null) metrics.journal(journal.alerts.length, journal.stopped.length);
    if (session !== null) metrics.progress(progressOf(session, settings));
    metrics.leads(own.leads);
    // One that fails at its start, while another streams, is not behind.
    if (state.name === 'standby' || isLedByAnother(own, leader)) return metrics.standsBy();
    metrics.headroom(Date.now());
    // Before the first event nothing is known but this: for so long nothing was read.
    metrics.lag(watch.behindSeconds(session) ?? performance.now() / 1000);
  }

  health(): HealthReport {
    this.#observe();
    return captureHealth(this.#condition());
  }

  status(handover: Pick<Handover, 'captures'>): CaptureStatus {
    const { settings, loaded, state, metrics, letters, troubles } = this.#parts;
    return captureStatus({
      settings,
      config: loaded,
      behindSeconds: this.#behindSeconds(),
      state: state.now,
      captures: handover.captures(),
      rowsPublished: metrics.rowsPublished,
      rates: metrics.rates,
      openDeadLetters: letters.count.open,
      lastError: troubles.lastError,
    });
  }

  #behindSeconds(): number | null {
    const { state, watch } = this.#parts;
    const session = this.#observe();
    return state.name === 'standby' ? null : watch.behindSeconds(session);
  }

  /** Looks at the session, if there is one: what holds it up is told while it does, and that it is over as soon as records arrive again. */
  #observe(): CaptureSession | null {
    const { state, watch, troubles } = this.#parts;
    const { session } = state;
    if (session === null) return null;
    watch.look(session);
    const trouble = session.kafkaError;
    if (trouble !== null) troubles.note('kafka', trouble.error);
    if (trouble === null && session.hasPublished) {
      troubles.over('kafka');
      troubles.over('stream');
    }
    const streaming = session.snapshotJobStore.isBusy ? 'snapshot' : 'stream';
    state.enter({ kind: isStuck(this.#condition()) ? 'stall' : streaming });
    return session;
  }

  #condition(): CaptureCondition {
    const { settings, state, watch, troubles, letters } = this.#parts;
    const { session } = state;
    const { name, journal } = state.now;
    return {
      state: name,
      kafka: session?.kafkaError ?? null,
      standsForMs: session === null ? 0 : watch.standsForMs,
      heartbeatMs: settings.config.source.heartbeatIntervalMs,
      kafkaError: troubles.of('kafka'),
      streamError: troubles.of('stream'),
      alerts: journal?.alerts.length ?? 0,
      sourceGap: session?.gaps.replica?.found ?? null,
      refused: session?.refusedTables ?? [],
      stopped: journal?.stopped.length ?? 0,
      letters: letters.count,
    };
  }
}

function progressOf(
  { stream, queuedBytes: bytes, queuedEvents: items, refusedTables, snapshotJobStore }: CaptureSession,
  { config }: CaptureSettings,
): Parameters<CaptureMetrics['progress']>[0] {
  return {
    file: stream.place.sequence.file,
    position: stream.place.position.position,
    lastCommitMs: stream.transaction.committedAtMs,
    queue: { bytes, items, capacityBytes: config.memory.queueBytes },
    refused: refusedTables.length,
    jobs: snapshotJobStore.shownJobs,
  };
}
