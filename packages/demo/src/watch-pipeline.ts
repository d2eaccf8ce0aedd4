import { setTimeout as delay } from 'node:timers/promises';
import { LiveScreen, type PipelineView, type ScreenOutput } from '@sluice/ops-api/live';
import { PipelineMonitor } from './pipeline-monitor.ts';
import type { RunningPipeline } from './pipeline-services.ts';

const EVERY_MS = 1000;
const EVENTS_SHOWN = 6;

/** What a command has of its process. */
export interface RunHost {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: ScreenOutput;
  /** One line of progress, for people. */
  say(line: string): void;
}

export interface WatchOptions {
  readonly title: string;
  readonly places: PipelineView['places'];
  readonly workload: () => { readonly changes: number; readonly transactions: number } | null;
  /** Filled by the pipeline's events. */
  readonly events: readonly string[];
}

/** Shows the pipeline until the host's signal; throws ServiceFailed when a service ends for good. */
export async function watchPipeline(
  pipeline: RunningPipeline,
  options: WatchOptions,
  host: RunHost,
): Promise<void> {
  const monitor = new PipelineMonitor(pipeline.services);
  const screen = new LiveScreen({ output: host.output, env: host.env });
  const startedAt = performance.now();
  let last = { at: startedAt, changes: 0 };
  try {
    while (!host.signal.aborted) {
      const services = await Promise.race([monitor.look(), pipeline.failure]);
      const now = performance.now();
      const done = options.workload();
      const perSecond = done === null ? 0 : ((done.changes - last.changes) * 1000) / (now - last.at);
      if (done !== null) last = { at: now, changes: done.changes };
      const view: PipelineView = {
        title: options.title,
        elapsedSeconds: (now - startedAt) / 1000,
        workload: done === null ? null : { ...done, perSecond },
        services,
        places: options.places,
        events: options.events.slice(-EVENTS_SHOWN),
        stop: 'Ctrl-C stops everything.',
      };
      screen.show(view, now);
      const pause = delay(EVERY_MS, undefined, { signal: host.signal }).catch(() => undefined);
      await Promise.race([pause, pipeline.failure]);
    }
  } finally {
    screen.close();
  }
}
