import type { Sequence } from '@sluice/envelope';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import type { SourceInfo } from '../encode/record-format.ts';
import type { SequenceCounter } from '../model/sequence-counter.ts';
import type { ChangeContext } from './change-writer.ts';
import type { StatementContext } from './ddl-writer.ts';
import { noneSkipped } from './skipped-rows.ts';
import type { StreamPlace } from './stream-place.ts';
import { newTransaction } from './stream-transaction.ts';

export interface StreamSource {
  /** Logical name of the source. */
  readonly server: string;
  /** The source's own id, for what is published before its first event. */
  readonly serverId: number;
}

/** What a record that is written now says of the stream around it, and the buffer that it goes into. */
export class StreamContext implements ChangeContext, StatementContext {
  readonly place: StreamPlace;
  readonly sequence: SequenceCounter;
  readonly transaction = newTransaction();
  readonly skipped = noneSkipped();
  /** The buffer that rows go into; the loop swaps it when it publishes. */
  buffer: PublishBuffer;
  /** Milliseconds since 1970; the loop sets it once per batch of events. */
  now = 0;
  readonly #source: StreamSource;

  constructor(source: StreamSource, place: StreamPlace, buffer: PublishBuffer) {
    this.#source = source;
    this.place = place;
    this.sequence = place.sequence;
    this.buffer = buffer;
  }

  get fileJson(): string {
    return this.place.fileJson;
  }

  /** Whether a record with this sequence offset was published by an earlier reading; counts those that were. */
  wasPublished(offset: number): boolean {
    const was = this.place.wasPublished(offset);
    if (was) this.skipped.published++;
    return was;
  }

  /** Where a control record written now belongs. */
  point(sequence: Sequence = this.place.highest, offset = this.place.position.position): SourceInfo {
    const { gtid, serverId, committedAtMs } = this.transaction;
    return {
      server: this.#source.server,
      serverId: serverId === 0 ? this.#source.serverId : serverId,
      file: this.place.position.file,
      offset,
      gtid,
      timestamp: committedAtMs === 0 ? this.now : committedAtMs,
      sequence,
      capturedAt: this.now,
    };
  }
}
