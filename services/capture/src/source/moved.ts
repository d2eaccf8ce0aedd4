import { PipelineError } from '@sluice/runtime';

/** Another server answers than the one that was asked before. @param address `host:port` */
export function movedFrom(address: string): PipelineError {
  return new PipelineError('SOURCE_MOVED', `Another server answers at ${address} than before.`);
}

/**
 * Whether the stream of a session meets the error as well, so that a watch beside it may ask again later. That another server answers it does
 * not meet: its link to the old one may live on.
 */
export function isToldByStream(error: unknown): boolean {
  return error instanceof PipelineError && error.code !== 'SOURCE_MOVED';
}
