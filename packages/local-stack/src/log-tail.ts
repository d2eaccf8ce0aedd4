import { lastLines } from './run-program.ts';

/** How MySQL and MariaDB begin to tell of their own crash: behind it come the stack and the statement, and pages of settings. */
const CRASH = /^.*\bgot signal \d+ ?;.*$/mu;
/** Where the limits of the process begin. */
const LIMITS = /^Resource Limits.*$/mu;
const ORDINARY_LINES = 12;
const CRASH_LINES = 80;

/** What a server's log says of its end. @returns the crash report where there is one, else its last lines */
export function logTail(log: string): string {
  const begin = log.search(CRASH);
  if (begin < 0) return lastLines(log, ORDINARY_LINES);
  const [told = ''] = log.slice(begin).split(LIMITS);
  return told.split('\n').slice(0, CRASH_LINES).join('\n').trimEnd();
}
