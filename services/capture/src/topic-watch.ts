import { TopicReader } from '@sluice/kafka';
import { abortableDelay, PipelineError, type KafkaConfig } from '@sluice/runtime';

const LOOK_MS = 3000;
/** For one look; what Kafka does not answer is seen where records are published. */
const ANSWER_MS = 5000;
const NAMES_SHOWN = 5;

export interface TopicWatchOptions {
  readonly kafka: KafkaConfig;
  /** Topics that were there when this life began, or have been made since. */
  readonly expected: () => Iterable<string>;
}

/**
 * Looks whether the topics are still there, the quiet ones too: nothing would be published to a topic that was deleted until
 * its table changes. Resolves at the signal. Throws KAFKA_TOPIC_MISSING with the names of those that two looks in a row did
 * not find: a broker may not have heard of a new one yet.
 */
export async function watchTopics(
  { kafka, expected }: TopicWatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const reader = new TopicReader({ kafka, signal, recoveryMs: ANSWER_MS });
  const missing = new MissingTopics();
  try {
    while (!signal.aborted) {
      await abortableDelay(LOOK_MS, signal);
      const names = await reader.topicNames().catch(() => null);
      const gone = names === null ? [] : missing.observe(expected(), new Set(names));
      if (gone.length > 0) throw topicsMissing(gone);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    reader.close();
  }
}

export class MissingTopics {
  #before: ReadonlySet<string> = new Set();

  /** Those expected ones that neither this look nor the one before has found, sorted. */
  observe(expected: Iterable<string>, found: ReadonlySet<string>): readonly string[] {
    const missing = [...expected].filter((name) => !found.has(name));
    const twice = missing.filter((name) => this.#before.has(name)).sort();
    this.#before = new Set(missing);
    return twice;
  }
}

function topicsMissing(names: readonly string[]): PipelineError {
  const more = names.length - NAMES_SHOWN;
  const shown = `${names.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const message = `Kafka has no topic ${shown} any more: capture begins anew and makes what is missing.`;
  return new PipelineError('KAFKA_TOPIC_MISSING', message, { context: { topics: names.length } });
}
