import { PipelineError } from './errors.ts';

/**
 * For readers of what Sluice keeps: a version is raised only when an earlier reader must not go on, so nothing of such a record may
 * be believed. Throws RECORD_TOO_NEW; whatever is no version at all is the reader's own to refuse.
 * @param what the record, for the message
 * @param version as it stands in the record; absent in those of version 1 that were written without
 */
export function refuseNewer(what: string, version: unknown, newest: number): void {
  if (typeof version !== 'number' || version <= newest) return;
  throw new PipelineError(
    'RECORD_TOO_NEW',
    `${what} is of version ${version}; this Sluice reads up to version ${newest}.`,
    { context: { version, newest } },
  );
}
