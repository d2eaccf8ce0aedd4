import { parseTableId, TopicRouting } from '@sluice/envelope';
import { groupPositions, kafkaClient, listTopics } from '@sluice/kafka';
import { createLogger, PipelineError, type SluiceConfig } from '@sluice/runtime';
import { topicsOfSink } from './sink-topics.ts';

export interface Partition {
  readonly topic: string;
  readonly partition: number;
}

const NAMED = 3;

/** Those of a table that the sink reads; why they are not known where Kafka does not tell. */
export async function partitionsOf(
  config: SluiceConfig,
  sink: string,
  table: string,
): Promise<readonly Partition[] | string> {
  const { database, table: name } = parseTableId(table);
  const own = new Set(new TopicRouting(config.topics).topicsOf(database, name));
  const isRead = topicsOfSink(config, sink);
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }), 'person');
  try {
    const topics = await listTopics(kafka, (topic) => own.has(topic) && isRead(topic));
    return await groupPositions(kafka, `${config.pipeline}.${sink}`, topics, null);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return `which partitions the table has is not known: ${error.code}: ${error.message}`;
  }
}

/** Why it is not known whether a change waits somewhere; null when every partition has been looked at. */
export function unlookedOf(
  partitions: readonly Partition[] | string,
  looked: readonly Partition[],
): string | null {
  if (typeof partitions === 'string') return partitions;
  const seen = new Set(looked.map(nameOf));
  const open = partitions.map(nameOf).filter((name) => !seen.has(name));
  if (open.length === 0) return null;
  const more = open.length > NAMED ? ` and ${open.length - NAMED} more` : '';
  return (
    `no process has looked at ${open.slice(0, NAMED).join(', ')}${more}: its consumer group is being shared out, the sink is paused as a whole, or a process is of an earlier version. ` +
    'Whether a change waits there is not known: give the order again'
  );
}

function nameOf({ topic, partition }: Partition): string {
  return `${topic}/${partition}`;
}
