import { CAPTURE } from '@sluice/envelope';
import { PlainProducer, type RecordPlace } from '@sluice/kafka';
import { abortableDelay, PipelineError, type Logger } from '@sluice/runtime';
import { DeadLetterStore } from '@sluice/sink-kit/dead-letters';
import type { CaptureSettings } from '../settings/capture-settings.ts';

const LOOK_MS = 5000;

/** What is known of the rows that are in no topic, because they were too large. */
export interface DeadLetterCount {
  /** Dead letters of capture that nobody has discarded; null before the first look. */
  readonly open: number | null;
  /** Why the number may be an old one; null when it is not. */
  readonly trouble: PipelineError | null;
}

/** Counts capture's dead letters while it runs: operators discard them in Kafka, behind its back. */
export class OpenDeadLetters {
  readonly #settings: CaptureSettings;
  readonly #onCount: (open: number) => void;
  readonly #log: Logger;
  #count: DeadLetterCount = { open: null, trouble: null };

  constructor(settings: CaptureSettings, onCount: (open: number) => void, log: Logger) {
    this.#settings = settings;
    this.#onCount = onCount;
    this.#log = log;
  }

  get count(): DeadLetterCount {
    return this.#count;
  }

  /** Resolves after the signal. What cannot be read is told and tried again: it holds up nothing. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, kafka } = this.#settings;
    const store = new DeadLetterStore({
      config: config.kafka,
      kafka,
      producer: new PlainProducer(kafka), // never connected: nothing is decided here
      topics: config.topics,
      sink: CAPTURE,
      signal,
      onUnsealed: (place) => this.#onUnsealed(place),
    });
    while (!signal.aborted) {
      await this.#look(store, signal);
      await abortableDelay(LOOK_MS, signal).catch(() => undefined);
    }
    store.close();
  }

  #onUnsealed({ topic, partition, offset }: RecordPlace): void {
    this.#log.error(
      { event: 'record.unsealed', code: 'RECORD_UNSEALED', topic, partition, offset: String(offset) },
      'a decision has no seal of kafka.sealKeyFile and is passed over: find out who wrote it',
    );
  }

  async #look(store: DeadLetterStore, signal: AbortSignal): Promise<void> {
    try {
      const { depth } = await store.refresh();
      this.#count = { open: depth, trouble: null };
      this.#onCount(depth);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof PipelineError)) throw error;
      if (this.#count.trouble?.code !== error.code)
        this.#log.warn(
          { event: 'dlq.unreadable', err: error },
          'the dead letters of capture are not counted',
        );
      this.#count = { ...this.#count, trouble: error };
    }
  }
}
