import type { Connection } from '@platformatic/kafka';
import { PipelineError } from '@sluice/runtime';
import type { BrokerConnections } from './broker-connections.ts';
import type { Cluster } from './cluster.ts';
import { errorOfCode, toPipelineError } from './errors.ts';
import { planProduce, type BrokerPlan } from './produce-plan.ts';
import {
  DUPLICATE_SEQUENCE,
  LEADER_NOT_AVAILABLE,
  NONE,
  UNKNOWN_TOPIC_OR_PARTITION,
} from './protocol/error-codes.ts';
import { produce, type ProduceEntry } from './protocol/produce-request.ts';
import type { RecoveryWindow } from './recovery-window.ts';

/** Requests on their way to one broker. A broker recognises repeats of a partition's last five batches (KIP-98). */
const MAX_IN_FLIGHT = 5;
/** Milliseconds that a broker may wait for its replicas. */
const REPLICATION_TIMEOUT_MS = 30_000;

type Outcome = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: PipelineError };

interface Pending extends ProduceEntry {
  outcome: Outcome | undefined;
}

/**
 * Brings finished batches to the leaders of their partitions until every one is acknowledged by all in-sync replicas.
 * Repeats carry the same bytes and sequence numbers, so the broker drops what it already has.
 */
export class BatchSender {
  readonly #cluster: Cluster;
  readonly #connections: BrokerConnections;
  readonly #transactionalId: string;
  readonly #maxRequestBytes: number;
  /** Partitions that have acknowledged a batch of this producer. */
  readonly #established = new Set<string>();

  constructor(
    cluster: Cluster,
    connections: BrokerConnections,
    options: { readonly transactionalId: string; readonly maxRequestBytes: number },
  ) {
    this.#cluster = cluster;
    this.#connections = connections;
    this.#transactionalId = options.transactionalId;
    this.#maxRequestBytes = options.maxRequestBytes;
  }

  /** Resolves when all are acknowledged. Throws PipelineError when one is refused or the window is over. */
  async send(entries: readonly ProduceEntry[], window: RecoveryWindow): Promise<void> {
    let pending: Pending[] = entries.map((entry) => ({ ...entry, outcome: undefined }));
    for (;;) {
      await this.#sendOnce(pending, window);
      const left = pending.filter((entry) => entry.outcome?.kind !== 'done');
      if (left.length === 0) return;
      await window.again(worstOf(left));
      for (const entry of left) entry.outcome = undefined;
      pending = left;
      await this.#refreshLeaders(left, window);
    }
  }

  /** One try. Every entry that was sent has an outcome afterwards; those behind a failed request may have none. */
  async #sendOnce(pending: readonly Pending[], window: RecoveryWindow): Promise<void> {
    const leaderOf = this.#cluster.leaderOf.bind(this.#cluster);
    const plan = planProduce(pending, leaderOf, this.#maxRequestBytes);
    for (const entry of plan.homeless) {
      const isMissing = this.#cluster.partitionCount(entry.topic) === 0;
      const code = isMissing ? UNKNOWN_TOPIC_OR_PARTITION : LEADER_NOT_AVAILABLE;
      entry.outcome = failed(errorOfCode(code, doing(entry)));
    }
    await Promise.all(plan.brokers.map((broker) => this.#sendInOrder(broker, window)));
  }

  async #sendInOrder(plan: BrokerPlan<Pending>, window: RecoveryWindow): Promise<void> {
    let connection: Connection;
    try {
      connection = await this.#connections.to(plan.broker);
    } catch (error) {
      for (const entry of plan.requests.flat()) entry.outcome = failed(toPipelineError(error, doing(entry)));
      return;
    }
    const inFlight: Promise<boolean>[] = [];
    let isFine = true;
    for (const request of plan.requests) {
      // A broker takes any first number from a producer that is new to a partition: had it to refuse the first batch for
      // the moment and then got the second, the first could not be repeated. From the second on numbers keep the order.
      const limit = request.every((entry) => this.#established.has(partitionOf(entry))) ? MAX_IN_FLIGHT : 1;
      while (isFine && inFlight.length >= limit) isFine = (await inFlight.shift()) ?? true;
      if (!isFine) break;
      inFlight.push(this.#sendRequest(connection, request, window));
    }
    await Promise.all(inFlight);
  }

  /** Never rejects: what happened is in the outcomes. True when every batch was acknowledged. */
  async #sendRequest(
    connection: Connection,
    request: readonly Pending[],
    window: RecoveryWindow,
  ): Promise<boolean> {
    try {
      window.asking(doing(request[0] as Pending));
      const answers = await produce.async(connection, this.#transactionalId, REPLICATION_TIMEOUT_MS, request);
      for (const answer of answers) {
        const entry = request.find((e) => e.partition === answer.partition && e.topic === answer.topic);
        if (entry === undefined) continue;
        entry.outcome = outcomeOf(answer.code, entry);
        if (entry.outcome.kind === 'done') this.#established.add(partitionOf(entry));
      }
      if (request.some(({ outcome }) => outcome?.kind === 'done')) window.answered();
    } catch (error) {
      for (const entry of request) entry.outcome = failed(toPipelineError(error, doing(entry)));
    }
    return request.every((entry) => entry.outcome?.kind === 'done');
  }

  async #refreshLeaders(left: readonly Pending[], window: RecoveryWindow): Promise<void> {
    const topics = [...new Set(left.map((entry) => entry.topic))];
    for (;;) {
      try {
        await this.#cluster.refresh(topics);
        return;
      } catch (error) {
        const translated = toPipelineError(error, 'ask for the leaders of partitions');
        if (translated.errorClass === 'fatal') throw translated;
        await window.again(translated);
      }
    }
  }
}

/**
 * Throws what repeating cannot cure; else the error to show should the window be over. A batch behind a failed one of its
 * partition is refused as out of order, which the repeat in the right order cures: so only the first one's error counts.
 */
function worstOf(left: readonly Pending[]): PipelineError {
  const seen = new Set<string>();
  let worst: PipelineError | undefined;
  for (const entry of left) {
    const partition = partitionOf(entry);
    if (seen.has(partition)) continue;
    seen.add(partition);
    if (entry.outcome?.kind !== 'failed') continue;
    const error = entry.outcome.error;
    if (error.errorClass === 'fatal' || error.code === 'KAFKA_TRANSACTION_ABORTED') throw error;
    worst ??= error;
  }
  return worst ?? new PipelineError('KAFKA_UNREACHABLE', 'produce: Kafka did not answer for every batch');
}

function partitionOf(entry: ProduceEntry): string {
  return `${entry.topic}/${entry.partition}`;
}

function outcomeOf(code: number, entry: ProduceEntry): Outcome {
  // DUPLICATE_SEQUENCE: a repeat of what had arrived although its answer was lost.
  if (code === NONE || code === DUPLICATE_SEQUENCE) return { kind: 'done' };
  return failed(errorOfCode(code, doing(entry)));
}

function failed(error: PipelineError): Outcome {
  return { kind: 'failed', error };
}

function doing(entry: ProduceEntry): string {
  return `produce to ${partitionOf(entry)} (${entry.wire.byteLength} bytes)`;
}
