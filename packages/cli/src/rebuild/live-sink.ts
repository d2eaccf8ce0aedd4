import type { SluiceConfig } from '@sluice/runtime';
import { withDeadLetters } from '../operator/dead-letters.ts';
import type { Screen } from '../operator/screen.ts';
import { liftIn, pauseIn } from '../operator/sink-pause.ts';

/** The sink that is rebuilt, as it runs. */
export interface LiveSink {
  readonly group: string;
  /** Whether an operator has paused it. */
  readonly isPaused: () => Promise<boolean>;
  readonly pause: () => Promise<void>;
  readonly resume: () => Promise<void>;
}

export interface LiveSinkParts {
  readonly config: SluiceConfig;
  readonly sink: string;
  readonly by: string;
  readonly screen: Screen;
}

/** All tables of a sink. */
const ALL = '*';

export function liveSink({ config, sink, by, screen }: LiveSinkParts): LiveSink {
  const wish = { config, sink, table: ALL, by, reason: 'sluice sink rebuild swaps its tables', screen };
  return {
    group: `${config.pipeline}.${sink}`,
    isPaused: () =>
      withDeadLetters({ config, sink, decides: false }, async ({ store }) =>
        (await store.refresh()).pauses.has(ALL),
      ),
    pause: () => pauseIn(wish, 'sink pause'),
    resume: async () => void (await liftIn(wish, 'sink resume')),
  };
}
