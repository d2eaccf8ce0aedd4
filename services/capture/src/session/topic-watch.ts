import { TopicReader } from '@sluice/kafka';
import { abortableDelay, PipelineError } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { KnownTopics } from '../catalog/known-topics.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import { internalTopicSpecs } from '../catalog/topics.ts';

const LOOK_MS = 3000;
/** For one look; what Kafka does not answer is seen where records are published. */
const ANSWER_MS = 5000;
const NAMES_SHOWN = 5;

export interface TopicWatchOptions {
  readonly settings: CaptureSettings;
  /** Tells the topics that were there when this session began, or have been made since. */
  readonly registry: TableRegistry;
  readonly topics: KnownTopics;
}

/**
 * Looks whether the topics are still there, the quiet ones too: nothing would be published to a topic that was deleted until
 * its table changes. Resolves at the signal. Throws KAFKA_TOPIC_MISSING with the names of those that two looks in a row did
 * not find, or found made again: a broker may not have heard of a new one yet.
 */
export async function watchTopics(
  { settings: { config, prefix }, registry, topics }: TopicWatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const own = internalTopicSpecs(config, prefix).map(({ name }) => name);
  const expected = (): readonly string[] => [...own, ...registry.topics];
  const reader = new TopicReader({ kafka: config.kafka, signal, recoveryMs: ANSWER_MS });
  const missing = new MissingTopics();
  try {
    while (!signal.aborted) {
      await abortableDelay(LOOK_MS, signal);
      const found = await reader.topicIds().catch(() => null);
      if (found === null) continue;
      const replaced = new Set(topics.replaced(found));
      const isThere = (name: string): boolean => found.has(name) && !replaced.has(name);
      const gone = missing.observe(expected(), isThere);
      if (gone.length > 0) throw topicsGone(gone, replaced);
      topics.learn(expected(), found);
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
  observe(expected: Iterable<string>, isThere: (name: string) => boolean): readonly string[] {
    const missing = [...expected].filter((name) => !isThere(name));
    const twice = missing.filter((name) => this.#before.has(name)).sort();
    this.#before = new Set(missing);
    return twice;
  }
}

function topicsGone(names: readonly string[], replaced: ReadonlySet<string>): PipelineError {
  const more = names.length - NAMES_SHOWN;
  const shown = `${names.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const message = names.every((name) => replaced.has(name))
    ? `Topic ${shown} was deleted and created again: capture restarts its session and reads the tables again.`
    : `Topic ${shown} no longer exists: capture restarts its session and creates the missing topics.`;
  return new PipelineError('KAFKA_TOPIC_MISSING', message, { context: { topics: names.length } });
}
