import { BinlogError } from '@sluice/binlog';
import { PipelineError } from '@sluice/runtime';
import { setGlobal } from '../source/set-global.ts';

/** What is thrown while events are decoded, as operators know it; what the stream itself throws stays as it is. */
export function decodingError(error: unknown): Error {
  if (!(error instanceof BinlogError)) return asError(error);
  if (error.code === 'ROW_IMAGE_PARTIAL') {
    const message = `${error.message}. Run on the source: ${setGlobal("binlog_row_image = 'FULL'")}`;
    return new PipelineError('BINLOG_ROW_IMAGE_NOT_FULL', message, { cause: error });
  }
  if (error.code === 'EVENT_MISSING')
    return new PipelineError('BINLOG_EVENT_MISSING', `The source left events out: ${error.message}.`, {
      cause: error,
    });
  return new PipelineError('BINLOG_UNREADABLE', `${error.code}: ${error.message}`, { cause: error });
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`a ${typeof error} was thrown`);
}
