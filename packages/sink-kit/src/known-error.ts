import { PipelineError } from '@sluice/runtime';

/** An error that a sink has not named is the connection's: tried again, counted by the breaker, never a dead letter. */
export function toKnownError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  return new PipelineError('SINK_UNEXPECTED', 'the store gave an error that is not known', { cause: error });
}
