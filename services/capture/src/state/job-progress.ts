import type { SnapshotJob } from './snapshot-job.ts';

/** An estimate may be wrong: only a job that is done is at 100. */
const PERCENT_MAX = 99;

export interface JobProgress {
  /** 0 to 100; null where nothing is known of the number of rows. */
  readonly percent: number | null;
  /** Rows read in a second, over the whole job; null before the first chunk. */
  readonly rowsPerSecond: number | null;
  /** Seconds until it will be done if it continues like this; null where that cannot be told. */
  readonly etaSeconds: number | null;
}

export function progressOf(job: SnapshotJob): JobProgress {
  const { state, rowsRead, rowsExpected, activeMs } = job;
  const rate = activeMs > 0 && rowsRead > 0 ? (rowsRead * 1000) / activeMs : null;
  const rowsPerSecond = rate === null ? null : Math.round(rate);
  if (state === 'done') return { percent: 100, rowsPerSecond, etaSeconds: 0 };
  if (rowsExpected === null || rowsExpected === 0) return { percent: null, rowsPerSecond, etaSeconds: null };
  const percent = Math.min(PERCENT_MAX, Math.floor((rowsRead * 100) / rowsExpected));
  const left = rowsExpected - rowsRead;
  const isGoing = state === 'running' && rate !== null && left > 0;
  return { percent, rowsPerSecond, etaSeconds: isGoing ? Math.ceil(left / rate) : null };
}
