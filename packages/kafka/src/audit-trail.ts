import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  abortableDelay,
  declareCounter,
  SERVICE_METRICS,
  settlesWithin,
  type AuditEntry,
  type AuditLog,
  type Counter,
  type KafkaConfig,
  type Logger,
  type Registry,
} from '@sluice/runtime';
import { kafkaClient } from './client.ts';
import { inCopies, type CopySettings } from './copies.ts';
import { toPipelineError } from './errors.ts';
import { TopicProducer } from './topic-producer.ts';
import type { TopicSpec } from './topics.ts';

/** Milliseconds that an order waits for its entry. */
const PATIENCE_MS = 5000;
const RETRY_MS = { first: 500, most: 30_000 };
const WAITING_MAX = 1000;
const SHUTDOWN_TIMEOUT_MS = 3000;

export interface AuditTrailOptions {
  readonly kafka: KafkaConfig;
  readonly topic: string;
  readonly topics: CopySettings & { readonly auditRetentionMs: number };
  /** Who writes: `capture`, `sink-redis`, `command`. */
  readonly service: string;
  readonly log: Logger;
  readonly registry?: Registry;
  /** Replaced in tests. */
  readonly patienceMs?: number;
}

/** Never compacted: an entry is taken away by its age alone. */
export function auditTopicSpec(name: string, topics: AuditTrailOptions['topics']): TopicSpec {
  const configs = { 'cleanup.policy': 'delete', 'retention.ms': String(topics.auditRetentionMs) };
  return { name, partitions: 1, ...inCopies(topics, configs) };
}

interface Waiting {
  readonly value: Buffer;
  readonly entry: AuditEntry;
  readonly stored: () => void;
}

/**
 * Writes audit entries to their topic, one after the other, in the order in which they came. While Kafka does not take them they wait, and
 * are tried again for as long as the process lives; whatever could not be stored in time stands in the log as a whole.
 */
export class AuditTrail implements AuditLog {
  readonly #options: AuditTrailOptions;
  readonly #writer = { host: hostname(), pid: process.pid };
  readonly #records: Counter<'result'> | null;
  readonly #waiting: Waiting[] = [];
  readonly #stop = new AbortController();
  readonly #producer: TopicProducer;
  #running: Promise<void> | null = null;
  #trouble: string | null = null;

  constructor(options: AuditTrailOptions) {
    const { kafka, topic, topics, log } = options;
    this.#options = options;
    this.#producer = new TopicProducer(() => kafkaClient(kafka, log), auditTopicSpec(topic, topics));
    this.#records = options.registry === undefined ? null : recordsCounter(options.registry);
  }

  get trouble(): string | null {
    if (this.#trouble === null) return null;
    return `${this.#waiting.length} order(s) are not in ${this.#options.topic} yet: ${this.#trouble}`;
  }

  async record(entry: AuditEntry): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) return this.#tell(entry, 'dropped');
    const { promise, resolve } = Promise.withResolvers<void>();
    const { service, patienceMs = PATIENCE_MS } = this.#options;
    const document = {
      schema: { version: 1, type: 'audit' },
      payload: { id: randomUUID(), service, instance: `${this.#writer.host}:${this.#writer.pid}`, ...entry },
    };
    this.#waiting.push({ value: Buffer.from(JSON.stringify(document)), entry, stored: resolve });
    this.#running ??= this.#run();
    if (await settlesWithin(patienceMs, promise)) return;
    this.#trouble ??= 'Kafka does not take them';
    this.#tell(entry, 'late');
  }

  /** Gives what waits a last chance. */
  async close(): Promise<void> {
    if (this.#running !== null) await settlesWithin(SHUTDOWN_TIMEOUT_MS, this.#running);
    this.#stop.abort();
    for (const { entry } of this.#waiting.splice(0)) this.#tell(entry, 'dropped');
    await this.#producer.close();
  }

  async #run(): Promise<void> {
    let waitMs = RETRY_MS.first;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        await this.#producer.send({ partition: 0, key: null, value: next.value, headers: {} });
        waitMs = RETRY_MS.first;
        this.#waiting.shift();
        this.#records?.inc({ result: 'stored' });
        this.#recovered();
        next.stored();
      } catch (error) {
        this.#failed(error);
        const isStopped = await abortableDelay(waitMs, this.#stop.signal).then(
          () => false,
          () => true,
        );
        if (isStopped) return;
        waitMs = Math.min(waitMs * 2, RETRY_MS.most);
      }
    }
    this.#running = null;
  }

  #failed(error: unknown): void {
    const { code, message } = toPipelineError(error, 'write the audit topic');
    const now = `${code}: ${message}`;
    if (this.#trouble !== now)
      this.#options.log.error(
        { event: 'audit.waiting', code, topic: this.#options.topic, err: error },
        'orders are obeyed, but the audit topic does not take them',
      );
    this.#trouble = now;
  }

  #recovered(): void {
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#options.log.info({ event: 'audit.recovered' }, 'the audit topic takes entries again');
  }

  #tell(entry: AuditEntry, result: 'late' | 'dropped'): void {
    this.#records?.inc({ result });
    this.#options.log.error(
      { event: `audit.${result}`, entry },
      result === 'late' ? 'an audit entry is not stored yet' : 'an audit entry is in this log only',
    );
  }
}

function recordsCounter(registry: Registry): Counter<'result'> {
  const results = [{ result: 'stored' }, { result: 'late' }, { result: 'dropped' }];
  return declareCounter(registry, SERVICE_METRICS.audit, results);
}
