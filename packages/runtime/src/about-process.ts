import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { VERSION } from './version.ts';

interface AboutProcess {
  /** Version of Sluice. */
  readonly version: string;
  /** Name of this process and of no other: host, process id, and a random part, because a container's process is always the first. */
  readonly instance: string;
  /** When the process was started, ISO 8601: counts in `/status` are since then. */
  readonly startedAt: string;
}

const startedAt = new Date(performance.timeOrigin).toISOString();
const instance = `${hostname()}-${process.pid}-${randomBytes(2).toString('hex')}`;

/** What every `/status` says of the process that answers. */
export function aboutProcess(): AboutProcess {
  return { version: VERSION, instance, startedAt };
}
