import type { SluiceConfig } from '@sluice/runtime';
import type { PauseOrder } from '@sluice/sink-kit/dead-letters';
import { withDeadLetters } from '../operator/dead-letters.ts';
import type { Screen } from '../operator/screen.ts';
import { liftIn, pauseIn } from '../operator/sink-pause.ts';

/** The sink that is rebuilt, as it runs. */
export interface LiveSink {
  readonly group: string;
  /** Whether an operator has paused it. */
  readonly isPaused: () => Promise<boolean>;
  readonly pause: () => Promise<void>;
  /** Takes the pause back, and says so where a person has ordered another one since: that one stays. */
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
/** By it a run of the command knows the pause of an earlier one; who gave that may be another person. */
const REASON = 'sluice sink rebuild swaps its tables';

export function liveSink({ config, sink, by, screen }: LiveSinkParts): LiveSink {
  const wish = { config, sink, table: ALL, by, reason: REASON, screen };
  const paused = (): Promise<PauseOrder | undefined> =>
    withDeadLetters({ config, sink, decides: false }, async ({ store }) =>
      (await store.refresh()).pauses.get(ALL),
    );
  return {
    group: `${config.pipeline}.${sink}`,
    isPaused: async () => (await paused()) !== undefined,
    pause: () => pauseIn(wish, 'sink pause'),
    resume: async () => {
      const order = await paused();
      if (order === undefined) return;
      if (order.reason === REASON) return void (await liftIn(wish, 'sink resume'));
      screen.say(`sink ${sink} stays paused, as ${order.by} has ordered: sluice sink resume --sink ${sink}`);
    },
  };
}
