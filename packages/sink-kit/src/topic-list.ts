import { listTopics, type kafkaClient, type KafkaOutage } from '@sluice/kafka';
import { PipelineError } from '@sluice/runtime';

/** A list of topics takes milliseconds. */
const SILENT_MS = 5000;

export interface TopicListParts {
  readonly kafka: ReturnType<typeof kafkaClient>;
  /** Ids of the topics there are, by name. */
  readonly topicIds: () => Promise<ReadonlyMap<string, string>>;
}

/** Asks Kafka which topics there are, and knows for how long it has not answered. */
export class TopicList {
  readonly #parts: TopicListParts;
  /** Since when an answer is waited for; null while none is. */
  #since: number | null = null;

  constructor(parts: TopicListParts) {
    this.#parts = parts;
  }

  /** Ids of all topics, by name; empty for a topic that was made since the names were listed. Throws while a topic has no leader. */
  async read(): Promise<ReadonlyMap<string, string>> {
    this.#since ??= performance.now();
    // By kafkajs: its list fails while a topic has no leader yet, and a group that is joined then would never read that topic.
    const names = await listTopics(this.#parts.kafka, () => true);
    const ids = await this.#parts.topicIds();
    this.#since = null;
    return new Map(names.map((name) => [name, ids.get(name) ?? '']));
  }

  /** Null while an answer comes in time, or is not waited for. */
  get trouble(): KafkaOutage | null {
    const forMs = this.#since === null ? 0 : performance.now() - this.#since;
    if (forMs < SILENT_MS) return null;
    const message = `list topics: Kafka has not answered for ${Math.round(forMs / 1000)} s`;
    return { error: new PipelineError('KAFKA_UNREACHABLE', message), forMs };
  }
}
