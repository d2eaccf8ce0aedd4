import type { Fellow } from './fellows.ts';

/** For the log and the pages: for whom a standby waits, and for how long. @param takeoverMs `capture.standby.takeoverMs` */
export function waitsFor(leader: Fellow | null, takeoverMs: number): string {
  const seconds = takeoverMs / 1000;
  const silence = `takes over ${seconds} s after the last sign of life of`;
  if (leader === null) return `standing by: ${silence} whoever wrote the newest checkpoint`;
  const { instance, mark, since, goodbye } = leader.record;
  const to = goodbye?.to ?? null;
  if (to !== null) return `standing by: ${instance} has handed over to ${to}`;
  return `standing by: ${silence} ${instance} (host ${mark.host}, process ${mark.pid}), which leads since ${since}`;
}
