import type { Logger } from '@sluice/runtime';
import { toKnownError } from '../known-error.ts';
import type { Sink } from '../sink.ts';

/** Removes what rebuilds have replaced. It only takes room: what hinders that hinders nothing else, and it is tried again in a minute. */
export async function removeReplaced(
  sink: Pick<Sink, 'removeKept'>,
  nowMs: number,
  log: Logger,
): Promise<void> {
  try {
    const tables = (await sink.removeKept?.(nowMs)) ?? [];
    if (tables.length > 0)
      log.info({ event: 'rebuild.removed', tables }, 'what a rebuild has replaced is removed');
  } catch (error) {
    log.warn(
      { event: 'rebuild.kept', err: toKnownError(error) },
      'what a rebuild has replaced is not removed now',
    );
  }
}
