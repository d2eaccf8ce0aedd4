import type { Broker } from '@platformatic/kafka';
import type { ProduceEntry } from './protocol/produce-request.ts';

/** What one broker is to be sent: the requests in their order. */
export interface BrokerPlan<Entry extends ProduceEntry> {
  readonly broker: Broker;
  readonly requests: Entry[][];
}

export interface ProducePlan<Entry extends ProduceEntry> {
  readonly brokers: readonly BrokerPlan<Entry>[];
  /** Entries of partitions without a known leader. */
  readonly homeless: readonly Entry[];
}

/**
 * Spreads entries over Produce requests: one batch per partition and request (the protocol's rule), later batches of a
 * partition in later requests, no request above `maxRequestBytes` unless a single batch is.
 */
export function planProduce<Entry extends ProduceEntry>(
  entries: readonly Entry[],
  leaderOf: (topic: string, partition: number) => Broker | undefined,
  maxRequestBytes: number,
): ProducePlan<Entry> {
  const builders = new Map<string, BrokerPlanBuilder<Entry>>();
  const homeless: Entry[] = [];
  for (const entry of entries) {
    const broker = leaderOf(entry.topic, entry.partition);
    if (broker === undefined) {
      homeless.push(entry);
      continue;
    }
    const key = `${broker.host}:${broker.port}`;
    let builder = builders.get(key);
    if (builder === undefined) {
      builder = new BrokerPlanBuilder(broker, maxRequestBytes);
      builders.set(key, builder);
    }
    builder.add(entry);
  }
  return { brokers: [...builders.values()], homeless };
}

class BrokerPlanBuilder<Entry extends ProduceEntry> implements BrokerPlan<Entry> {
  readonly broker: Broker;
  readonly requests: Entry[][] = [];
  readonly #maxRequestBytes: number;
  readonly #bytes: number[] = [];
  /** Index of the first request that may hold the next batch of a partition. */
  readonly #next = new Map<string, number>();

  constructor(broker: Broker, maxRequestBytes: number) {
    this.broker = broker;
    this.#maxRequestBytes = maxRequestBytes;
  }

  add(entry: Entry): void {
    const partition = `${entry.topic}/${entry.partition}`;
    const size = entry.wire.byteLength;
    let at = this.#next.get(partition) ?? 0;
    while (at < this.requests.length && (this.#bytes[at] ?? 0) + size > this.#maxRequestBytes) at++;
    const request = this.requests[at];
    if (request === undefined) this.requests.push([entry]);
    else request.push(entry);
    this.#bytes[at] = (this.#bytes[at] ?? 0) + size;
    this.#next.set(partition, at + 1);
  }
}
