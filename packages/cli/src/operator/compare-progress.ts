import type { CompareProgress } from '@sluice/compare';
import { printableLine } from '@sluice/runtime';
import { durationText } from './snapshot-commands.ts';

const EVERY_MS = 500;

interface ProgressLine {
  readonly show: (progress: CompareProgress) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

/** One line that is written over, on a terminal only: rows, rows per second of the table, time left. */
export function progressLine(stream: NodeJS.WriteStream): ProgressLine {
  let table = '';
  let [startedAt, shownAt] = [0, 0];
  const show = (progress: CompareProgress): void => {
    const now = performance.now();
    if (progress.table !== table) [table, startedAt] = [progress.table, now];
    if (!stream.isTTY || now - shownAt < EVERY_MS) return;
    shownAt = now;
    stream.write(`\r\u001B[K${progressText(progress, (now - startedAt) / 1000)}`);
  };
  const end = (): void => {
    if (stream.isTTY && shownAt > 0) stream.write('\r\u001B[K');
    shownAt = 0;
  };
  return { show, end };
}

/** @param seconds since the first rows of the table */
export function progressText({ table, rows, before, ofAbout }: CompareProgress, seconds: number): string {
  const perSecond = seconds < 1 ? null : Math.round((rows - before) / seconds);
  const left = ofAbout === null || perSecond === null ? null : Math.max(0, ofAbout - rows) / perSecond;
  return [
    `${printableLine(table)}: ${rows}${ofAbout === null ? '' : ` of about ${ofAbout}`} rows`,
    ...(perSecond === null ? [] : [`${perSecond} rows/s`]),
    ...(left === null ? [] : [`${durationText(Math.round(left))} left`]),
  ].join(', ');
}
