import { TopicRouting } from '@sluice/envelope';
import type { ConsumedBatch, ConsumedRecord } from '@sluice/kafka';
import { createLogger, defineErrors, PipelineError, Registry, type ErrorCode } from '@sluice/runtime';
import { Breaker } from '../src/breaker.ts';
import type { DeadLetterSource } from '../src/dead-letter-record.ts';
import { DeadLetterRateGuard } from '../src/dead-letter-rate.ts';
import type { ControlDelivery } from '../src/decode.ts';
import { DeadLetterIndex } from '../src/dead-letters/dead-letter-index.ts';
import { HeldTables } from '../src/held-tables.ts';
import { Incomplete } from '../src/incomplete.ts';
import { LatencyWindow } from '../src/latency-window.ts';
import { DeadLetterLog } from '../src/dead-letter-log.ts';
import { SinkMetrics } from '../src/metrics.ts';
import { PartitionWorker } from '../src/partition-worker.ts';
import { sinkBaseSchema, type SinkSettings } from '../src/settings.ts';
import type { Delivery, Outcome, Sink } from '../src/sink.ts';
import { SkippedTables } from '../src/skipped-tables.ts';
import { newState } from '../src/status.ts';
import { TableSelection } from '../src/table-selection.ts';
import { conformanceTopic, inMemorySink } from '../src/testing/index.ts';
import type { WorkerContext } from '../src/worker-context.ts';

export const topic = conformanceTopic();
/** Of `topic`: one for each table. */
export const routing = new TopicRouting({ prefix: 'test' });

export function recordOf(delivery: Delivery, offset: bigint): ConsumedRecord {
  return {
    offset,
    timestampMs: 1_000,
    key: Buffer.from(delivery.key),
    value: Buffer.from(delivery.value),
    headers: { sequence: Buffer.from(delivery.envelope.payload.sequence) },
  };
}

/** A batch of the deliveries, with offsets from `first` on. */
export function batchOf(deliveries: readonly Delivery[], first = 0n): ConsumedBatch {
  const records = deliveries.map((delivery, index) => recordOf(delivery, first + BigInt(index)));
  const endOffset = first + BigInt(records.length);
  return { topic: topic.topic, partition: 0, highWatermark: endOffset, endOffset, records };
}

/** What an operator would have decided; filled by the test. */
export interface TestDecisions {
  /** Offsets that must not become dead letters. */
  readonly held: Set<bigint>;
  readonly halts: PipelineError[];
  /** Ids of changes that may be applied. */
  readonly released: Set<string>;
  /** Schema records that a look ahead finds, one a look. */
  readonly ahead: ControlDelivery[];
}

export interface TestWorker {
  readonly worker: PartitionWorker;
  readonly context: WorkerContext;
  readonly sent: DeadLetterSource[];
  readonly decisions: TestDecisions;
  readonly stop: AbortController;
  readonly registry: Registry;
  /** What was decided. */
  readonly index: DeadLetterIndex;
}

export function testWorker(sink: Sink, overrides: Partial<SinkSettings> = {}): TestWorker {
  const registry = new Registry();
  const settings = { ...sinkBaseSchema.parse({ retry: { initialMs: 1, maxMs: 1 } }), ...overrides };
  const sent: DeadLetterSource[] = [];
  const decisions: TestDecisions = { held: new Set(), halts: [], released: new Set(), ahead: [] };
  const index = new DeadLetterIndex();
  const stop = new AbortController();
  const selection = new TableSelection(settings, ['*.*']);
  const context: WorkerContext = {
    name: 'test',
    prefix: 'test',
    routing,
    seals: null,
    group: 'pipeline.test',
    sink,
    settings,
    selection,
    topicsTaken: { look: async () => undefined },
    skipped: new SkippedTables({
      selection,
      decide: async (decision) => index.apply(decision),
      stored: () => index.skipped,
      now: () => 1000,
      log: createLogger('test', { level: 'silent' }),
    }),
    breaker: new Breaker({ ...settings.breaker, onChange: () => undefined }),
    deadLetterRate: new DeadLetterRateGuard(settings.diversion),
    metrics: new SinkMetrics(registry, 'test', 'pipeline.test'),
    latency: new LatencyWindow(),
    tracing: null,
    maySendDeadLetter: ({ offset }) => !decisions.held.has(offset),
    pausedBy: () => null,
    held: new HeldTables((id) => decisions.released.has(id)),
    incomplete: new Incomplete({
      routing,
      sourceTables: [],
      decide: async (decision) => index.apply(decision),
      stored: () => index.incomplete,
      now: () => 1000,
      log: createLogger('test', { level: 'silent' }),
    }),
    published: {
      isWithin: () => true,
      refusal: async () => null,
      isAhead: () => false,
      look: async () => 'published',
      forget: () => undefined,
    },
    schemaAhead: { find: async () => decisions.ahead.shift() ?? null },
    halt: async (_, cause) => {
      decisions.halts.push(cause);
      return failure('DIVERSION_HALTED');
    },
    sendDeadLetter: async (source) => void sent.push(source),
    deadLetterLog: new DeadLetterLog(createLogger('test', { level: 'silent' }), 'test', Date.now),
    refusedKeys: (_, since) =>
      pagesOf(
        sent.flatMap(({ record: { headers, key } }) =>
          String(headers['sequence']) >= since && key !== null ? [key.toString()] : [],
        ),
      ),
    state: newState(),
    stopping: stop.signal,
    log: createLogger('test', { level: 'silent' }),
    now: Date.now,
  };
  return {
    worker: new PartitionWorker({ topic: topic.topic, partition: 0 }, context),
    context,
    sent,
    decisions,
    stop,
    registry,
    index,
  };
}

/** One key a page. */
export async function* pagesOf(keys: readonly string[]): AsyncGenerator<readonly string[]> {
  for (const key of keys) yield [key];
}

const fix = 'Look at the store.';
/** Errors of a store that no sink of this project has. */
export const STORE = defineErrors({
  STORE_AWAY: { class: 'retryable', summary: 'the store does not answer', fix },
  STORE_CHANGE: { class: 'schema', means: 'lost-change', summary: 'a change is lost', fix },
  STORE_LOGIN: { class: 'fatal', means: 'login', summary: 'the store refused the login', fix },
  STORE_ROW: { class: 'record', summary: 'the store refused a row', fix },
  STORE_SHAPE: { class: 'schema', means: 'no-shape', summary: 'the store refused a table', fix },
});

export function failure(code: ErrorCode): PipelineError {
  return new PipelineError(code, `a ${code} made by the test`);
}

/** A sink that answers by a script: one entry per write, then `applied` for ever. */
export function scripted(
  ...script: ((batch: readonly Delivery[]) => readonly Outcome[])[]
): Sink & { writes: string[][] } {
  const writes: string[][] = [];
  return {
    ...inMemorySink(),
    writes,
    write: async (batch) => {
      writes.push(batch.map(({ key }) => key));
      return (script.shift() ?? (() => batch.map(() => ({ kind: 'applied' }) as const)))(batch);
    },
  };
}
