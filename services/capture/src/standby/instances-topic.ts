import { instancesTopic } from '@sluice/envelope';
import { TopicProducer, type TopicReader, type TopicRecord } from '@sluice/kafka';
import { instancesTopicSpec } from '../catalog/topics.ts';
import { keptTopicsReader } from '../catalog/kept-topics.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { Fellows } from './fellows.ts';
import { parseInstanceRecord, type InstanceRecord } from './instance-record.ts';
import { NewestWrites } from './newest-writes.ts';
import { ANSWER_MS, renewalMs } from './times.ts';

/** Looks without a sign of what was written: the topic is another one now, and is read from its beginning. */
const LOOKS_WITHOUT_OWN = 20;

/**
 * What the captures of a pipeline say of themselves, in `<prefix>.sluice.instances`: written outside of any transaction, so that a leader
 * that was killed within one hides nobody.
 */
export class InstancesTopic {
  readonly #settings: CaptureSettings;
  readonly #topic: string;
  readonly #reader: TopicReader;
  readonly #producer: TopicProducer;
  #fellows: Fellows;
  #next: bigint | undefined;
  #looked = false;
  #looking: Promise<Fellows> | null = null;
  readonly #writes = new NewestWrites<InstanceRecord | null>((name, record) => this.#send(name, record));
  /** Looks since something was written that no look has shown yet; null when all was shown. */
  #unseen: number | null = null;

  constructor(settings: CaptureSettings, signal: AbortSignal) {
    this.#settings = settings;
    this.#fellows = this.#newFellows();
    this.#topic = instancesTopic(settings.prefix);
    this.#reader = keptTopicsReader(settings, signal, { recoveryMs: ANSWER_MS });
    // A capture of before there was this topic may lead: whoever speaks first makes it.
    const { kafka, config, prefix } = settings;
    this.#producer = new TopicProducer(() => kafka, instancesTopicSpec(config, prefix));
  }

  /** As the last look has shown them. */
  get fellows(): Fellows {
    return this.#fellows;
  }

  /** Reads what has come since the last look. Throws PipelineError when Kafka does not answer within seconds. */
  look(): Promise<Fellows> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<Fellows> {
    if (this.#unseen !== null && this.#unseen++ >= LOOKS_WITHOUT_OWN) this.#forget();
    const from = this.#next === undefined ? {} : { fromOffset: this.#next };
    await this.#reader.readTopic(this.#topic, from, (record) => this.#note(record));
    this.#looked = true;
    return this.#fellows;
  }

  /** Two of its words may get lost before a leader counts as silent; one of another that was fenced comes later than that. */
  #newFellows(): Fellows {
    return new Fellows(renewalMs(this.#settings.config.capture.standby) * 2.5);
  }

  #forget(): void {
    this.#fellows = this.#newFellows();
    this.#next = undefined;
    this.#looked = false;
    this.#unseen = null;
  }

  #note({ key, value, offset }: TopicRecord): void {
    this.#next = offset + 1n;
    this.#unseen = null;
    const [pipeline = '', name] = key?.toString('utf8').split('/') ?? [];
    if (pipeline !== this.#settings.config.pipeline || name === undefined) return;
    const record = value === null ? null : parseInstanceRecord(value);
    if (value !== null && record === null) return;
    this.#fellows.note(name, record, { offset, nowMs: performance.now(), isHeard: this.#looked });
  }

  /**
   * One after the other; what has not been sent when a newer record of its key comes never is. @param record null ends the key. Throws
   * PipelineError when it is not stored, nor a newer one in its place.
   */
  write(name: string, record: InstanceRecord | null): Promise<void> {
    return this.#writes.write(name, record);
  }

  async #send(name: string, record: InstanceRecord | null): Promise<void> {
    const key = Buffer.from(`${this.#settings.config.pipeline}/${name}`);
    const value = record === null ? null : Buffer.from(JSON.stringify(record));
    const to = { topic: this.#topic, partition: 0, key, value };
    const headers = this.#settings.seals?.header(to) ?? {};
    await this.#producer.send({ partition: 0, key, value, headers });
    this.#unseen ??= 0;
  }

  async close(): Promise<void> {
    this.#reader.close();
    await this.#producer.close();
  }
}
