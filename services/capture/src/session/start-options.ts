import type { Logger, Tracing } from '@sluice/runtime';
import type { KnownTopics } from '../catalog/known-topics.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { SourceOrder } from '../source/choose-host.ts';
import type { Standby } from '../standby/standby.ts';
import type { CaptureMetrics } from './metrics.ts';
import type { RefusalNews } from './refusal-news.ts';

/** What every start of a session needs, whichever step it is at. */
export interface StartOptions {
  readonly settings: CaptureSettings;
  /** Whether to begin again whatever the checkpoint says. */
  readonly acceptLostCheckpoint: boolean;
  /** Whether this process has streamed before: a table that turned up since and cannot be captured keeps nothing from starting then. */
  readonly hasStreamed: boolean;
  /** Which of `source.hosts` an operator wants to be read; null: capture chooses. */
  readonly order: SourceOrder | null;
  readonly topics: KnownTopics;
  readonly standby: Standby;
  readonly refusals: RefusalNews;
  readonly metrics: CaptureMetrics;
  readonly tracing: Tracing | null;
  readonly log: Logger;
}
