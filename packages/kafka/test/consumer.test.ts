import { createLogger } from '@sluice/runtime';
import type { ConsumerRunConfig, EachBatchPayload, Kafka } from 'kafkajs';
import { expect, test } from 'vitest';
import type { BatchConsumerOptions } from '../src/consumer-options.ts';
import { BatchConsumer } from '../src/consumer.ts';

const topic = 'shop.shop.orders';

type Listener = (event: { readonly payload: unknown }) => void;

/** A Kafka whose consumer joins when it is told to run, and does nothing else by itself: its events are raised by the test. */
class IdleKafka {
  readonly #listeners = new Map<string, Listener>();
  readonly #nothing = async (): Promise<void> => undefined;
  #eachBatch: ConsumerRunConfig['eachBatch'];

  admin(): unknown {
    return { connect: this.#nothing, disconnect: this.#nothing };
  }

  consumer(): unknown {
    const events = {
      GROUP_JOIN: 'join',
      STOP: 'stop',
      CRASH: 'crash',
      END_BATCH_PROCESS: 'end',
      FETCH_START: 'asking',
      FETCH: 'answered',
      HEARTBEAT: 'heartbeat',
      REBALANCING: 'rebalancing',
    };
    const [connect, subscribe, disconnect] = Array<() => Promise<void>>(3).fill(this.#nothing);
    const run = async ({ eachBatch }: ConsumerRunConfig): Promise<void> => {
      this.#eachBatch = eachBatch;
      this.join();
    };
    const on = (name: string, listener: Listener): void => void this.#listeners.set(name, listener);
    const [pause, resume] = Array<() => void>(2).fill(() => undefined);
    return { events, on, connect, subscribe, run, disconnect, pause, resume, commitOffsets: this.#nothing };
  }

  /** Without partitions. */
  join(): void {
    this.#listeners.get('join')?.({ payload: { memberAssignment: {} } });
  }

  /** Hands a batch of one record to the consumer. */
  async batch(heartbeat: () => Promise<void>): Promise<void> {
    const messages = [{ offset: '0', timestamp: '0', key: null, value: null }];
    const batch = { topic, partition: 0, highWatermark: '1', messages, lastOffset: () => '0' };
    const nothing = (): void => undefined;
    const payload = { batch, heartbeat, pause: nothing, resolveOffset: nothing };
    await this.#eachBatch?.(payload as unknown as EachBatchPayload);
  }

  crash(error: Error, restart: boolean): void {
    this.#listeners.get('crash')?.({ payload: { error, restart } });
  }
}

async function started(
  handle: BatchConsumerOptions['handle'] = async ({ endOffset }) => ({
    nextOffset: endOffset,
    action: 'go-on',
  }),
): Promise<{ kafka: IdleKafka; consumer: BatchConsumer }> {
  const kafka = new IdleKafka();
  const consumer = new BatchConsumer({
    kafka: kafka as unknown as Kafka,
    groupId: 'shop.test',
    topics: [topic],
    concurrency: 1,
    maxBytesPerPartition: 1024,
    sessionTimeoutMs: 6000,
    topicIds: async () => new Map(),
    gapsAllowed: () => false,
    onAssigned: () => undefined,
    handle,
    log: createLogger('test', { level: 'silent' }),
  });
  await consumer.start();
  return { kafka, consumer };
}

test('a consumer that has died for good is no consumer: who waits for it hears of it', async () => {
  const { kafka, consumer } = await started();
  kafka.crash(new Error('no broker is left'), false);
  await expect(consumer.done).rejects.toMatchObject({ code: 'CONSUMER_DIED', errorClass: 'retryable' });
});

test('one that kafkajs starts again goes on', async () => {
  const { kafka, consumer } = await started();
  kafka.crash(new Error('a rebalance'), true);
  kafka.join();
  await consumer.close();
  await expect(consumer.done).resolves.toBeUndefined();
});

test('nothing is handled by a consumer that has closed, whatever a batch waited for', async () => {
  const handled: bigint[] = [];
  const { kafka, consumer } = await started(async ({ endOffset }) => {
    handled.push(endOffset);
    return { nextOffset: endOffset, action: 'go-on' };
  });
  await kafka.batch(async () => undefined);
  expect(handled).toEqual([1n]);
  const beat = Promise.withResolvers<void>();
  const late = kafka.batch(() => beat.promise);
  const closed = consumer.close();
  beat.resolve();
  await Promise.all([late, closed]);
  expect(handled).toEqual([1n]);
});
