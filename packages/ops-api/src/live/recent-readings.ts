import { figuresOf, type Reading, type ServiceFigures } from './service-reading.ts';

/** Rates are those of this window. */
const WINDOW_MS = 10_000;

/** What one service has said within the last ten seconds; an earlier process of it counts for nothing. */
export class RecentReadings {
  #readings: readonly Reading[] = [];

  /** Figures of the newest reading. */
  add(reading: Reading): ServiceFigures {
    const window = this.#readings.filter(
      ({ at, status }) => status.startedAt === reading.status.startedAt && reading.at - at <= WINDOW_MS,
    );
    this.#readings = [...window, reading];
    return figuresOf(reading, window[0]);
  }
}
