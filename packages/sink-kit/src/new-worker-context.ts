import { TopicRouting } from '@sluice/envelope';
import { RecordSeals, type kafkaClient, type TopicReader } from '@sluice/kafka';
import type { ServiceContext } from '@sluice/runtime';
import { DeadLetterRateGuard } from './dead-letter-rate.ts';
import type { DeadLetterProducer } from './dead-letter-producer.ts';
import { deadLetterId } from './dead-letters/dead-letter.ts';
import type { DeadLetterManager } from './dead-letters/dead-letter-manager.ts';
import { strictRecords } from './dead-letters/strict-tables.ts';
import { Incomplete } from './incomplete.ts';
import { operatorPause } from './operator-pause.ts';
import { PublishedBound } from './published-bound.ts';
import { SchemaAhead } from './schema-ahead.ts';
import { SkippedTables } from './skipped-tables.ts';
import { TopicsTaken } from './topics-taken.ts';
import type { WorkerContext } from './worker-context.ts';

type Given =
  | 'name'
  | 'prefix'
  | 'group'
  | 'sink'
  | 'settings'
  | 'selection'
  | 'breaker'
  | 'metrics'
  | 'latency'
  | 'tracing'
  | 'held'
  | 'deadLetterLog'
  | 'state'
  | 'stopping'
  | 'log';

/** What a sink's process has made of its own. */
export interface WorkerParts extends Pick<WorkerContext, Given> {
  readonly config: ServiceContext['config'];
  /** Of the sink's settings, for messages. */
  readonly section: string;
  readonly kafka: ReturnType<typeof kafkaClient>;
  readonly topics: TopicReader;
  readonly deadLetters: DeadLetterManager;
  readonly deadLetterProducer: DeadLetterProducer;
}

/** Puts together what the workers share: nothing runs or connects yet. */
export function newWorkerContext(parts: WorkerParts): WorkerContext {
  const { config, section, kafka, topics, deadLetters, deadLetterProducer, ...given } = parts;
  const { group, settings, selection, state, log } = given;
  const routing = new TopicRouting(config.topics);
  const seals = RecordSeals.of(config.kafka);
  const isStrict = strictRecords(settings, routing);
  const told = { decide: deadLetters.decide.bind(deadLetters), now: Date.now, log };
  return {
    ...given,
    routing,
    seals,
    topicsTaken: new TopicsTaken({ kafka, group, section, routing, selection, state, log }),
    skipped: new SkippedTables({ ...told, selection, stored: () => deadLetters.skipped }),
    deadLetterRate: new DeadLetterRateGuard(settings.diversion),
    maySendDeadLetter: ({ topic, partition, offset }, key) =>
      !isStrict(topic, key) || deadLetters.isReleased(deadLetterId(topic, partition, offset)),
    pausedBy: (topic) => operatorPause(state.operatorPauses, routing, topic),
    incomplete: new Incomplete({
      ...told,
      routing,
      sourceTables: selection.patterns,
      stored: () => deadLetters.incomplete,
    }),
    published: new PublishedBound(topics, given.prefix, config.pipeline, given.sink.generations),
    schemaAhead: new SchemaAhead(topics, routing, seals),
    halt: (where, cause) => deadLetters.halt(where, cause),
    sendDeadLetter: (source) => deadLetterProducer.send(source),
    refusedKeys: (where, since) => deadLetters.refusedKeys(where, since),
    now: Date.now,
  };
}
