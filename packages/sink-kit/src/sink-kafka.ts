import { auditTopic, checkpointsTopic } from '@sluice/envelope';
import { AuditTrail, kafkaClient, PlainProducer, RecordSeals, TopicReader } from '@sluice/kafka';
import type { ServiceContext } from '@sluice/runtime';
import { DeadLetterProducer } from './dead-letter-producer.ts';
import type { SinkIdentity } from './sink-identity.ts';
import type { SinkSettings } from './settings.ts';

/** What a sink's process has of Kafka besides the consumer of its topics. */
export interface SinkKafka {
  readonly kafka: ReturnType<typeof kafkaClient>;
  readonly producer: PlainProducer;
  readonly topics: TopicReader;
  readonly deadLetterProducer: DeadLetterProducer;
  readonly audit: AuditTrail;
}

/** Nothing connects yet. @param signal of the stop */
export function newSinkKafka(
  { config, log, metrics }: ServiceContext,
  { name, prefix }: Pick<SinkIdentity<SinkSettings>, 'name' | 'prefix'>,
  signal: AbortSignal,
): SinkKafka {
  const audit = new AuditTrail({
    kafka: config.kafka,
    topic: auditTopic(prefix),
    topics: config.topics,
    service: `sink-${name}`,
    log,
    registry: metrics.registry,
  });
  const kafka = kafkaClient(config.kafka, log);
  const producer = new PlainProducer(kafka);
  const topics = newTopicReader(config.kafka, prefix, signal);
  const deadLetterProducer = new DeadLetterProducer(kafka, producer, config.topics, name);
  return { kafka, producer, topics, deadLetterProducer, audit };
}

/** A checkpoint without a seal is passed over, as capture does: a forged one could say of any generation that it has come. */
function newTopicReader(
  kafka: ServiceContext['config']['kafka'],
  prefix: string,
  signal: AbortSignal,
): TopicReader {
  const checkpoints = checkpointsTopic(prefix);
  const sealed = {
    seals: RecordSeals.of(kafka),
    has: (topic: string) => topic === checkpoints,
    onUnsealed: () => undefined,
  };
  return new TopicReader({ kafka, signal, sealed });
}
