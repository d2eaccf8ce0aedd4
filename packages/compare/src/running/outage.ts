import { toPipelineError } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';

/**
 * Whether what a comparison has thrown, or its cause, is a server or a store that does not answer now: it can be tried again. What is no
 * error of a server is a bug of ours, and none.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof PipelineError) return error.errorClass === 'retryable';
  if (!(error instanceof Error)) return false;
  // The driver's own errors have a code, or end the connection.
  if ('code' in error || 'fatal' in error) return toPipelineError(error, 'item').errorClass === 'retryable';
  return error.cause !== undefined && isOutage(error.cause);
}
