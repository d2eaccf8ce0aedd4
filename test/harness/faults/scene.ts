import { setTimeout as delay } from 'node:timers/promises';
import type { Comparison } from '@sluice/compare';
import type { KafkaCluster } from '@sluice/local-stack';
import { eventually } from '../eventually.ts';
import type { SeededRandom } from '@sluice/seeded-random';
import { metricSum } from '../processes/service-pages.ts';
import { SINK_NAMES, type ServiceName, type SinkName } from '../pipelines/sink-pipeline.ts';
import { Changes } from './changes.ts';
import type { FaultPipeline } from './fault-pipeline.ts';
import type { FaultServers, Proxies, ReplicatedServers } from './fault-servers.ts';
import type { KeptService } from './kept-service.ts';

const TRANSACTIONS_PER_SECOND = 50;
const FLOW_MS = 20_000;

/** What a case has before it: a pipeline under load, and the means to look at it. */
export class Scene {
  readonly pipeline: FaultPipeline;
  readonly random: SeededRandom;
  readonly changes: Changes;
  /** When the case said that its fault is over; null before. */
  endedAt: number | null = null;
  /** How often each store was emptied: what it is filled with then may be older than what it had. */
  readonly lives: Record<SinkName, number> = { redis: 0, elasticsearch: 0, mysql: 0 };
  /** What the case has measured, a line each. */
  readonly figures: string[] = [];
  /** Source and stores after everything; null before. */
  compared: Comparison | null = null;
  /** Row changes in the topics of the load at the end, those of earlier cases included. */
  published = 0;

  constructor(pipeline: FaultPipeline, random: SeededRandom) {
    this.pipeline = pipeline;
    this.random = random;
    const { source } = pipeline.servers;
    this.changes = new Changes(source, pipeline.name, random, TRANSACTIONS_PER_SECOND);
  }

  get stack(): FaultServers['stack'] {
    return this.pipeline.servers.stack;
  }

  /** Kafka of a case with several brokers. */
  get cluster(): KafkaCluster {
    const { cluster } = this.pipeline.servers;
    if (cluster === null) throw new Error('the case did not ask for several brokers');
    return cluster;
  }

  /** Source and replica of a case with both. */
  get replicated(): ReplicatedServers {
    const { replicated } = this.pipeline.servers;
    if (replicated === null) throw new Error('the case did not ask for a replica of the source');
    return replicated;
  }

  get proxies(): Proxies {
    return this.pipeline.servers.proxies;
  }

  service(name: ServiceName): KeptService {
    return this.pipeline.services[name];
  }

  /** The fault is over: recovery is measured from here. Without it, from the end of `run`. */
  over(): void {
    this.endedAt = performance.now();
  }

  /** Lets the load go on for so long. */
  async goOn(milliseconds: number): Promise<void> {
    await delay(milliseconds);
  }

  /** Waits until so many transactions more have been committed. */
  async load(transactions: number): Promise<void> {
    const goal = this.changes.committed + transactions;
    await eventually(`${transactions} transactions`, () => this.changes.committed >= goal);
  }

  /** A row that is committed now arrives in these stores. */
  async flows(sinks: readonly SinkName[] = SINK_NAMES, timeoutMs = FLOW_MS): Promise<void> {
    const id = await this.#probe();
    await Promise.all(
      sinks.map((sink) => eventually(`a new row in ${sink}`, () => this.#holds(sink, id), { timeoutMs })),
    );
  }

  /** A row that is committed now has not arrived in these stores after so long. */
  async isHeldBack(sinks: readonly SinkName[], milliseconds: number): Promise<void> {
    const id = await this.#probe();
    await delay(milliseconds);
    for (const sink of sinks) {
      if (await this.#holds(sink, id).catch(() => false))
        throw new Error(`a row came to ${sink} although the fault should hold it back`);
    }
  }

  /** Waits for what must tell of the fault. */
  async sign(what: string, look: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
    await eventually(what, look, { timeoutMs, everyMs: 100 });
  }

  /** Sum of a metric's series with these labels; NaN when there is none. */
  async metric(
    service: ServiceName,
    name: string,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    return metricSum(await this.service(service).metrics(), name, labels);
  }

  async isReady(service: ServiceName): Promise<boolean> {
    return this.service(service).isReady();
  }

  /** One row that nobody has had, by a session of its own; waits for a source that is away. */
  async #probe(): Promise<number> {
    const { source } = this.pipeline;
    return eventually('a row to be committed', async () => {
      const id = Date.now() % 1_000_000_000;
      await source.run(`INSERT INTO probe VALUES (${id})`);
      return id;
    });
  }

  async #holds(sink: SinkName, id: number): Promise<boolean> {
    const rows = await this.pipeline.views[sink].read('probe', [id]);
    return rows.get(id)?.isThere === true;
  }
}
