import { BatchConsumer, kafkaClient } from '../../src/index.ts';
import { SILENT, type TestBroker } from './broker.ts';

/** A consumer of one topic that takes every record, not started yet. @param brokers by which it is reached, a proxy's say */
export function testConsumer(
  broker: TestBroker,
  {
    brokers,
    ...options
  }: {
    readonly brokers: readonly string[];
    readonly groupId: string;
    readonly topics: readonly string[];
    readonly sessionTimeoutMs: number;
  },
): BatchConsumer {
  return new BatchConsumer({
    ...options,
    kafka: kafkaClient({ ...broker.config, brokers: [...brokers] }, SILENT),
    concurrency: 1,
    maxBytesPerPartition: 1024,
    topicIds: async () => new Map(),
    gapsAllowed: () => false,
    onAssigned: () => undefined,
    handle: async ({ endOffset }) => ({ nextOffset: endOffset, action: 'go-on' }),
    log: SILENT,
  });
}
