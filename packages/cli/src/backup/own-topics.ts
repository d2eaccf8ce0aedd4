import {
  auditTopic,
  checkpointsTopic,
  ddlTopic,
  decisionsTopic,
  deadLetterTopic,
  schemaHistoryTopic,
  TopicRouting,
} from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';

/** A topic whose records are in a backup. */
export interface OwnTopic {
  readonly name: string;
  /** Its file in the folder: a topic's name may be too long for one. */
  readonly file: string;
  /** `newest`: of each key the newest record counts, so only that is kept. */
  readonly keeps: 'all' | 'newest';
}

/** Topics of capture in which its state stands. */
export function captureTopics(prefix: string): {
  readonly checkpoints: OwnTopic;
  readonly history: OwnTopic;
  readonly ddl: OwnTopic;
  readonly audit: OwnTopic;
} {
  return {
    checkpoints: { name: checkpointsTopic(prefix), file: 'checkpoints.ndjson', keeps: 'newest' },
    history: { name: schemaHistoryTopic(prefix), file: 'schema-history.ndjson', keeps: 'all' },
    ddl: { name: ddlTopic(prefix), file: 'ddl.ndjson', keeps: 'all' },
    audit: { name: auditTopic(prefix), file: 'audit.ndjson', keeps: 'all' },
  };
}

export function decisionsOf(prefix: string, sink: string): OwnTopic {
  return { name: decisionsTopic(prefix, sink), file: `decisions.${sink}.ndjson`, keeps: 'newest' };
}

/** Whether the state of a pipeline may stand in a topic of this name: so that a backup of it may be written there. */
export function isOwnTopic(prefix: string, name: string): boolean {
  const own = Object.values(captureTopics(prefix)).map((topic) => topic.name);
  const decisions = decisionsTopic(prefix, '');
  const sink = name.startsWith(decisions) ? name.slice(decisions.length) : '';
  return own.includes(name) || /^[a-z0-9-]+$/.test(sink);
}

/** Those of the file, and those that Kafka knows decisions of: a sink that was taken out of the file may come back. */
export function sinksKnown(config: SluiceConfig, topics: Iterable<string>): readonly string[] {
  const begin = decisionsTopic(config.topics.prefix, '');
  const found = [...topics].filter((name) => name.startsWith(begin)).map((name) => name.slice(begin.length));
  return [...new Set([...Object.keys(config.sinks), ...found])].sort();
}

/** Whether a topic is of this pipeline: its own, of dead letters, or of rows. */
export function topicsOf({ topics }: SluiceConfig): (name: string) => boolean {
  const routing = new TopicRouting(topics);
  const own = captureTopics(topics.prefix);
  const begins = [own.audit.name.slice(0, -'audit'.length), deadLetterTopic(topics.prefix, '')];
  return (name) => routing.isDataTopic(name) || begins.some((begin) => name.startsWith(begin));
}
