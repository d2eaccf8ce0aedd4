import { checkpointsTopic, GENERATION_ID_HEADER } from '@sluice/envelope';
import { aboutProcess } from '@sluice/runtime';
import type { SchemaHistory } from '../catalog/schema-history.ts';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import { appendJson } from '../encode/control-writer.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { ServerFacts } from '../source/server.ts';
import { sealCheckpoint, type Checkpoint } from '../state/checkpoint.ts';
import { SOURCES_HEADER } from '../state/source-history.ts';
import { writeDdlState } from '../state/ddl-state.ts';
import type { StartPlan } from '../state/plan-start.ts';
import { OWN_MARK } from '../standby/process-mark.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { ChangeStream } from './change-stream.ts';

export interface CheckpointParts {
  readonly settings: CaptureSettings;
  readonly server: ServerFacts;
  readonly plan: Pick<StartPlan, 'generation' | 'generationId'>;
  /** The value of SOURCES_HEADER. */
  readonly sources: string;
  readonly stream: ChangeStream;
  readonly jobStore: SnapshotJobStore;
}

/** Headers of every checkpoint: which process wrote it, and since when there has been one. */
const WRITER = {
  host: OWN_MARK.host,
  pid: OWN_MARK.pid,
  since: OWN_MARK.since,
  instance: aboutProcess().instance,
} as const;

/** What of a session is summed up beside its checkpoints, so that the next start need not read all that ever was. */
export interface KeptTopics {
  readonly history: SchemaHistory;
  readonly journal: DdlJournal;
}

/** Ends a Kafka transaction: the checkpoint behind all that is in the buffer. */
export function writeCheckpoint(
  buffer: PublishBuffer,
  parts: CheckpointParts,
  { history, journal }: KeptTopics,
): void {
  const { prefix, config } = parts.settings;
  const { now } = parts.stream;
  history.summarise(buffer, now);
  writeDdlState(journal, buffer, prefix, now);
  const to = { topic: checkpointsTopic(prefix), partition: 0 };
  appendJson(buffer, to, config.pipeline, sealCheckpoint(makeCheckpoint(parts)), now, headersOf(parts));
}

function headersOf({ plan: { generationId }, sources }: CheckpointParts): Readonly<Record<string, string>> {
  const id = generationId === null ? {} : { [GENERATION_ID_HEADER]: generationId };
  return { ...WRITER, ...id, [SOURCES_HEADER]: sources };
}

/** The checkpoint that covers everything the stream has put into the buffer so far. */
function makeCheckpoint({ settings, server, plan, stream, jobStore }: CheckpointParts): Checkpoint {
  const { transaction, gtidSet, now } = stream;
  const { position, sequence, highest, fileCreatedAt, isNamed } = stream.place;
  const end = transaction.open ? transaction.start : position.position;
  jobStore.notePosition(position);
  return {
    version: 1,
    pipeline: settings.config.pipeline,
    flavour: server.flavour,
    server: server.identity,
    file: position.file,
    fileCreatedAt,
    position: isNamed || gtidSet === null ? end : 0,
    floor: transaction.open ? transaction.floorAtStart : sequence.floor,
    highest,
    gtidSet,
    generation: plan.generation,
    snapshots: jobStore.toSnapshots(),
    savedAt: now,
  };
}
