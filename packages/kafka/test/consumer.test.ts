import { createLogger } from '@sluice/runtime';
import type { Kafka } from 'kafkajs';
import { expect, test } from 'vitest';
import { BatchConsumer } from '../src/consumer.ts';

type Listener = (event: { readonly payload: unknown }) => void;

/** A Kafka whose consumer does nothing by itself: its events are raised by the test. */
class IdleKafka {
  readonly #listeners = new Map<string, Listener>();
  readonly #nothing = async (): Promise<void> => undefined;

  admin(): unknown {
    return { connect: this.#nothing, disconnect: this.#nothing };
  }

  consumer(): unknown {
    const events = { GROUP_JOIN: 'join', STOP: 'stop', CRASH: 'crash', END_BATCH_PROCESS: 'end' };
    const [connect, subscribe, run, disconnect] = Array<() => Promise<void>>(4).fill(this.#nothing);
    const on = (name: string, listener: Listener): void => void this.#listeners.set(name, listener);
    return { events, on, connect, subscribe, run, disconnect, commitOffsets: this.#nothing };
  }

  crash(error: Error, restart: boolean): void {
    this.#listeners.get('crash')?.({ payload: { error, restart } });
  }
}

async function started(): Promise<{ kafka: IdleKafka; consumer: BatchConsumer }> {
  const kafka = new IdleKafka();
  const consumer = new BatchConsumer({
    kafka: kafka as unknown as Kafka,
    groupId: 'shop.test',
    topics: ['shop.shop.orders'],
    concurrency: 1,
    maxBytesPerPartition: 1024,
    sessionTimeoutMs: 6000,
    gapsAllowed: () => false,
    onAssigned: () => undefined,
    handle: async ({ endOffset }) => ({ nextOffset: endOffset, action: 'go-on' }),
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
  await consumer.close();
  await expect(consumer.done).resolves.toBeUndefined();
});
