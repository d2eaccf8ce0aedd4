import { VERSION } from './version.ts';

interface AboutProcess {
  /** Version of Sluice. */
  readonly version: string;
  /** When the process was started, ISO 8601: counts in `/status` are since then. */
  readonly startedAt: string;
}

const startedAt = new Date(performance.timeOrigin).toISOString();

/** What every `/status` says of the process that answers. */
export function aboutProcess(): AboutProcess {
  return { version: VERSION, startedAt };
}
