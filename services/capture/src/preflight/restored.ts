import { TopicReader } from '@sluice/kafka';
import { createLogger, PipelineError, type ErrorCode, type SluiceConfig } from '@sluice/runtime';
import { captureSettings, type CaptureSettings } from '../settings/capture-settings.ts';
import { readBinlogStatus } from '../source/server.ts';
import { onConnection } from '../source/open-connection.ts';
import { openSource } from '../source/source.ts';
import { openCheckpoint, type Checkpoint } from '../state/checkpoint.ts';
import { highestGeneration } from '../state/kept-state.ts';
import { isSameSpace, planStart, type StartPlan } from '../state/plan-start.ts';
import { askForPlace } from './ask-for-place.ts';

/** What capture would do with a checkpoint that is put back. */
export interface RestoredStart {
  /** Its own generation, and the highest that the data topics tell of; 0 when they tell of none. */
  readonly generation: number;
  readonly topicGeneration: number;
  /** Whether capture would open a new one, above both. */
  readonly opensGeneration: boolean;
  /** Null when capture continues at the checkpoint; else why not, as it would say itself, or why the source cannot be asked. */
  readonly refusal: { readonly code: ErrorCode; readonly message: string } | null;
}

/**
 * Asks the source and the topics, and changes nothing. No capture of the pipeline may run: the source is read under its server id.
 * Throws CHECKPOINT_CORRUPT, RECORD_TOO_NEW, and what Kafka answers.
 * @param value of the checkpoint's record
 */
export async function examineRestored(
  config: SluiceConfig,
  value: Buffer,
  signal: AbortSignal,
): Promise<RestoredStart> {
  const settings = captureSettings(config, [], createLogger('restore', { level: 'silent' }));
  const checkpoint = openCheckpoint(value);
  const { generation } = checkpoint;
  const topicGeneration = await generationOfTopics(settings, signal);
  try {
    const { opensGeneration } = await plan(settings, checkpoint, topicGeneration);
    return { generation, topicGeneration, opensGeneration, refusal: null };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const { code, message } = error;
    return { generation, topicGeneration, opensGeneration: false, refusal: { code, message } };
  }
}

async function generationOfTopics(settings: CaptureSettings, signal: AbortSignal): Promise<number> {
  const { config, routing } = settings;
  const reader = new TopicReader({ kafka: config.kafka, signal });
  try {
    return await highestGeneration(reader, { routing, history: [], known: 0, onPassedOver: () => undefined });
  } finally {
    reader.close();
  }
}

/** As a start decides it (`session/restore.ts`). */
async function plan(
  settings: CaptureSettings,
  checkpoint: Checkpoint,
  topicGeneration: number,
): Promise<StartPlan> {
  const source = await openSource(settings.config, { place: checkpoint });
  const server = source.facts;
  const status = await onConnection(source, {}, (connection) => readBinlogStatus(connection, server));
  const log = createLogger('restore', { level: 'silent' });
  const goesOn = isSameSpace({ server, status }, checkpoint);
  const place = await askForPlace(settings, source, { checkpoint, goesOn, log });
  const asks = { acceptLostCheckpoint: false, generationId: null, newGenerationId: '' };
  return planStart({ checkpoint, topicGeneration, server, status, ...asks, ...place });
}
