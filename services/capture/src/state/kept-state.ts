import {
  checkpointsTopic,
  ddlTopic,
  decodeEnvelope,
  EnvelopeError,
  GENERATION_ID_HEADER,
  parseSequence,
  type TopicRouting,
} from '@sluice/envelope';
import type { RecordPlace, RecordSeals, TopicReader, TopicRecord } from '@sluice/kafka';
import { PipelineError } from '@sluice/runtime';
import { openCheckpoint, type Checkpoint } from './checkpoint.ts';
import { isStateBegin } from './ddl-state.ts';
import { sourcesIn, type SourceSwitch } from './source-history.ts';
import { DdlJournal } from '../ddl/ddl-journal.ts';
import type { SchemaHistoryRecord } from '../catalog/schema-history-record.ts';
import type { SchemaHistory } from '../catalog/schema-history.ts';
import { SealedTail } from '../catalog/sealed-tail.ts';

/** What Kafka holds of an earlier run. Only to be read after fencing: nobody else writes any more. */
export interface KeptState {
  readonly checkpoint: Checkpoint | null;
  /** Of the checkpoint's generation; null where a version opened it that gave none. */
  readonly generationId: string | null;
  /** Which servers were read, by that checkpoint. */
  readonly sources: readonly SourceSwitch[];
  readonly journal: DdlJournal;
  /** Records without a seal that somebody has written: since the checkpoint, and to schema history and DDL topic since there are seals. */
  readonly unsealed: readonly RecordPlace[];
}

/**
 * Throws CHECKPOINT_CORRUPT, SCHEMA_HISTORY_CORRUPT or RECORD_TOO_NEW when what is there cannot be trusted.
 * @param options.unsealed where the reader has found records without a seal
 * @param options.acceptLostCheckpoint take a checkpoint that cannot be trusted for none
 * @param options.history as it was before the fence; the last Kafka transaction of an earlier session may have come since
 */
export async function readKeptState(
  reader: TopicReader,
  options: {
    readonly prefix: string;
    readonly pipeline: string;
    readonly acceptLostCheckpoint: boolean;
    readonly history: SchemaHistory;
    readonly seals: RecordSeals | null;
    readonly unsealed: readonly RecordPlace[];
  },
): Promise<KeptState> {
  const { prefix, pipeline } = options;
  const newest = await reader.newestRecord(checkpointsTopic(prefix), pipeline);
  if (newest === null && options.unsealed.length > 0 && !options.acceptLostCheckpoint) throw noneSealed();
  await options.history.refresh(reader);
  const journal = new DdlJournal();
  const sealed = new SealedTail(options.seals);
  const isBegin = (record: TopicRecord): boolean => isStateBegin(record) && sealed.mayBegin(record);
  const { records } = await reader.readSince(ddlTopic(prefix), 0, isBegin);
  for (const record of records)
    if (sealed.takes(record) && record.value !== null) journal.restore(record.value);
  const value = newest?.value ?? null;
  const checkpoint = value === null ? null : open(value, options.acceptLostCheckpoint);
  // Older ones are of before there were seals.
  const unsealed = options.unsealed.filter(({ offset }) => newest !== null && offset > newest.offset);
  const generationId = newest?.headers.get(GENERATION_ID_HEADER)?.toString('utf8') ?? null;
  return {
    checkpoint,
    generationId,
    sources: sourcesIn(newest?.headers),
    journal,
    unsealed: [...unsealed, ...options.history.unsealed, ...sealed.passedOver],
  };
}

/** Not "no checkpoint": that would read all tables again, from a place that nobody has chosen. */
function noneSealed(): PipelineError {
  return new PipelineError(
    'CHECKPOINT_CORRUPT',
    'The checkpoint topic has records, but none with a seal of kafka.sealKeyFile. Fix: if seals are new to this pipeline, set kafka.seals: write until every service runs with the key; otherwise put the key back that it was sealed by.',
  );
}

function open(value: Buffer, isLossAccepted: boolean): Checkpoint | null {
  try {
    return openCheckpoint(value);
  } catch (error) {
    if (isLossAccepted) return null;
    throw error;
  }
}

/** A row of a generation so far above the checkpoint's and the schema history's is none of capture's: each failover opens one. */
const GENERATIONS_AHEAD = 100;

/**
 * The highest generation that this pipeline's topics tell of; 0 when they tell of none. The schema history is kept for
 * ever, data topics forget; theirs are all looked at, also of tables that are no longer captured.
 * @param options.known of the checkpoint; 0 where there is none
 * @param options.onPassedOver records that are damaged or far ahead: else one of the last generation would leave none to open
 */
export async function highestGeneration(
  reader: TopicReader,
  options: {
    readonly routing: TopicRouting;
    readonly history: readonly SchemaHistoryRecord[];
    readonly known: number;
    readonly onPassedOver: (place: RecordPlace) => void;
  },
): Promise<number> {
  const { routing, history, known, onPassedOver } = options;
  let highest = known;
  for (const { sequence } of history) highest = Math.max(highest, parseSequence(sequence).generation);
  const bound = highest + GENERATIONS_AHEAD;
  const topics = (await reader.topicNames()).filter((name) => routing.isDataTopic(name));
  for (const topic of topics) {
    const partitions = (await reader.lastRecordOfEachPartition(topic)).length;
    for (let partition = 0; partition < partitions; partition++) {
      await reader.readTail(topic, partition, ({ value, offset }) => {
        // A tombstone tells nothing.
        if (value === null) return false;
        const generation = generationOf(value);
        if (generation !== null && generation <= bound) {
          highest = Math.max(highest, generation);
          return true;
        }
        onPassedOver({ topic, partition, offset });
        return false;
      });
    }
  }
  return highest;
}

function generationOf(value: Buffer): number | null {
  try {
    return parseSequence(decodeEnvelope(value).payload.sequence).generation;
  } catch (error) {
    if (error instanceof EnvelopeError) return null;
    throw error;
  }
}
