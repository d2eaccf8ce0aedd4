import type { SourceInfo } from './record-format.ts';
import type { PublishBuffer } from './publish-buffer.ts';

/** What a new table version needs to be announced. */
export interface SchemaChangeContext {
  readonly buffer: PublishBuffer;
  readonly point: SourceInfo;
}
