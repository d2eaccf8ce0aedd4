import { hostname } from 'node:os';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { ServerFacts } from '../source/server.ts';
import type { Checkpoint } from '../state/checkpoint.ts';
import type { SnapshotBook } from '../state/snapshot-book.ts';
import type { ChangeStream } from './change-stream.ts';

export interface CheckpointParts {
  readonly settings: CaptureSettings;
  readonly server: ServerFacts;
  readonly generation: number;
  readonly stream: ChangeStream;
  readonly book: SnapshotBook;
}

/** Headers of every checkpoint: which process wrote it, and since when there has been one. */
export const WRITER = {
  host: hostname(),
  pid: String(process.pid),
  since: new Date(performance.timeOrigin).toISOString(),
} as const;

/** The checkpoint that covers everything the stream has put into the buffer so far. */
export function makeCheckpoint({ settings, server, generation, stream, book }: CheckpointParts): Checkpoint {
  const { transaction, position, sequence, gtidSet, highest, fileCreatedAt, now } = stream;
  book.notePosition(position);
  return {
    version: 1,
    pipeline: settings.config.pipeline,
    flavour: server.flavour,
    server: server.identity,
    file: position.file,
    fileCreatedAt,
    position: transaction.open ? transaction.start : position.position,
    floor: transaction.open ? transaction.floorAtStart : sequence.floor,
    highest,
    gtidSet,
    generation,
    snapshots: book.toSnapshots(),
    savedAt: now,
  };
}
