import { parseKey, type Row, type RowEnvelope, type Sequence, type Source } from '@sluice/envelope';
import { PipelineError, preflightFailed } from '@sluice/runtime';
import { reconciliationOf } from '@sluice/sink-kit';
import type {
  Delivery,
  Outcome,
  Purpose,
  Reconciliation,
  Sink,
  SinkContext,
  SinkDefinition,
} from '@sluice/sink-kit';
import { redisConfigSchema, storeSpots, type RedisConfig } from './config.ts';
import { KeptGeneration } from './kept-generation.ts';
import { KeyOwners } from './key-owners.ts';
import { WriteMarkers } from './write-markers.ts';
import { RedisConnection, type ScriptCall } from './redis-connection.ts';
import { toRedisError } from './redis-errors.ts';
import { endsKey, floorKey, generationKey, tombstoneKey } from './redis-mapper.ts';
import { rowCall, tombstoneSeconds } from './row-call.ts';
import { RowKeys } from './row-keys.ts';
import { FOREIGN, floorScript, hashScript, jsonScript, STALE } from './scripts.ts';
import { serverFacts, slotProblem } from './server-facts.ts';
import { aclProblemOf, evictionProblem } from './store-checks.ts';
import { CODES } from './errors.ts';

const SCAN_COUNT = 1000;

/** A cache of rows in Redis: a row's key exists exactly while the row does. */
export const redisSink: SinkDefinition<RedisConfig> = {
  type: 'redis',
  schema: redisConfigSchema,
  storeSpots,
  place: ({ url }, section) => ({
    what: 'a Redis server',
    address: new URL(url).host,
    addressSetting: `${section}.url`,
    loginSetting: `user and password in ${section}.url`,
  }),
  create: (config, context) => new RedisSink(config, context),
};

class RedisSink implements Sink {
  readonly generations: KeptGeneration;
  readonly #config: RedisConfig;
  readonly #context: SinkContext;
  readonly #connection: RedisConnection;
  readonly #tombstoneSeconds: string;
  readonly #markers: WriteMarkers;
  readonly #owners: KeyOwners;
  readonly #keys: RowKeys;

  constructor(config: RedisConfig, context: SinkContext) {
    this.#config = config;
    this.#context = context;
    this.#tombstoneSeconds = tombstoneSeconds(context.tombstoneLifeMs);
    this.#connection = new RedisConnection(config, context, () => this.#markers.connected());
    const { keyPrefix } = config;
    this.#markers = new WriteMarkers(this.#connection, keyPrefix, context);
    this.generations = new KeptGeneration(this.#connection, generationKey(keyPrefix, context.prefix));
    this.#keys = new RowKeys(config, context.section);
    this.#owners = new KeyOwners(this.#connection, this.#keys, keyPrefix, context);
  }

  async open(): Promise<void> {
    await this.#connection.open();
    await this.#checkAcl();
    await this.#checkServer();
    await this.#markers.open();
  }

  async refill(note: () => Promise<void>): Promise<void> {
    await this.#markers.refill(note);
  }

  /** Throws PREFLIGHT_FAILED. Once, at the start: what is taken away later shows at the next write. */
  async #checkAcl(): Promise<void> {
    const problem = await aclProblemOf(this.#connection, this.#config, this.#context);
    if (problem !== null) throw preflightFailed([problem]);
  }

  /** Throws PREFLIGHT_FAILED where no row could be written. One that throws rows away is told: a cache may be meant to. */
  async #checkServer(): Promise<void> {
    const facts = serverFacts(await this.#connection.info());
    const problem = slotProblem(facts, this.#config.keyPrefix, this.#context.section);
    if (problem !== null) throw preflightFailed([problem]);
    const eviction = evictionProblem(facts.evictsBy);
    if (eviction === null) return;
    this.#context.log.warn(
      { event: 'store.evicts', policy: facts.evictsBy },
      `Redis evicts keys when it is full, and it is unknown which rows are missing then. Fix: ${eviction.fix}`,
    );
  }

  /** A replay passes the same guards; there is no offset here that it could move. */
  async write(
    batch: readonly Delivery[],
    signal: AbortSignal,
    purpose: Purpose = 'stream',
  ): Promise<readonly Outcome[]> {
    await this.#markers.check();
    const [first] = batch;
    if (first === undefined) return [];
    if (isRow(first)) return this.#writeRows(batch, purpose);
    return [await this.#control(first, signal)];
  }

  async keep({ envelope }: Delivery, keys: readonly string[], since: Sequence): Promise<void> {
    const taken = await this.#owners.claim(envelope.payload.source);
    if (taken !== null) throw taken;
    const table = this.#keys.of(envelope.payload.source);
    const rows = keys.flatMap((key) => rowIfFits(() => table.rowKey(parseKey(key), key)));
    await this.#onRows(rows, ['keep', since, this.#tombstoneSeconds]);
  }

  async ping(): Promise<void> {
    await this.#connection.ping();
    await this.#markers.look();
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async #writeRows(batch: readonly Delivery[], purpose: Purpose): Promise<readonly Outcome[]> {
    const taken = await this.#taken(batch);
    if (taken !== null) return batch.map(() => ({ kind: 'failed', error: taken }));
    const { format } = this.#config;
    const life = this.#context.tombstoneLifeMs;
    const calls = batch.map((delivery) => rowCall(this.#keys, format, life, delivery, purpose));
    return (await this.#run(calls)).map(toOutcome);
  }

  /** Why the keys of a table in the batch are not to be touched; null when they all are ours. */
  async #taken(batch: readonly Delivery[]): Promise<PipelineError | null> {
    for (const { envelope, rowKey } of batch) {
      if (envelope.schema.type !== 'row') throw new TypeError('a control record among rows');
      const { source, key } = envelope.payload as RowEnvelope['payload'];
      const error = this.#unfit(source, key, rowKey) ?? (await this.#owners.claim(source));
      if (error !== null) return error;
    }
    return null;
  }

  /** Why a template cannot make the key of a row; null when it can. */
  #unfit(source: Source, key: Row, text: string): PipelineError | null {
    const table = this.#keys.of(source);
    if (table.template === null) return null;
    try {
      table.rowKey(key, text);
      return null;
    } catch (error) {
      if (error instanceof PipelineError) return error;
      throw error;
    }
  }

  async #control(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const { schema, payload } = delivery.envelope;
    const reconciliation = reconciliationOf(delivery.envelope);
    const error = await this.#owners.claim(payload.source);
    if (error !== null) return { kind: 'failed', error };
    if (schema.type === 'truncate') await this.#deleteBelow(payload.source, payload.sequence, signal);
    if (reconciliation !== null) await this.#reconcile(delivery, reconciliation, signal);
    return { kind: 'applied' };
  }

  async #reconcile(
    { envelope, partition }: Delivery,
    { job, since, partitions }: Reconciliation,
    signal: AbortSignal,
  ): Promise<void> {
    const { source } = envelope.payload;
    const ends = endsKey(this.#keys.of(source).place, job);
    const seen = await this.#connection.addMember(ends, String(partition), this.#tombstoneSeconds);
    if (seen < partitions) return;
    await this.#deleteBelow(source, since, signal);
    const { database, table } = source;
    this.#context.log.info({ event: 'table.reconciled', database, table, job }, 'vanished rows removed');
  }

  /** The floor first: from then on nothing older comes in, so one pass over the keys finds all that is older. */
  async #deleteBelow(source: Source, sequence: Sequence, signal: AbortSignal): Promise<void> {
    const table = this.#keys.of(source);
    const name = floorKey(table.place);
    const [floor] = await this.#run([{ script: floorScript, keys: [name], args: [sequence] }]);
    if (typeof floor !== 'string') throw toRedisError(floor);
    let cursor = '0';
    do {
      signal.throwIfAborted();
      const step = await this.#connection.scan(cursor, table.pattern, SCAN_COUNT);
      const rows = step.keys.filter((key) => table.has(key));
      await this.#onRows(rows, ['below', sequence, this.#tombstoneSeconds]);
      cursor = step.cursor;
    } while (cursor !== '0');
  }

  async #onRows(rows: readonly string[], args: readonly string[]): Promise<void> {
    const script = this.#config.format === 'hash' ? hashScript : jsonScript;
    const calls = rows.map((row) => ({ script, keys: [row, tombstoneKey(row)], args }));
    for (const answer of await this.#run(calls)) {
      const outcome = toOutcome(answer);
      // A key of another type below the table's prefix is not a row of ours: left alone.
      if (outcome.kind === 'failed' && outcome.error.code !== CODES.REDIS_WRONG_TYPE) throw outcome.error;
    }
  }

  #run(calls: readonly ScriptCall[]): Promise<readonly unknown[]> {
    return this.#connection.run(calls, this.#markers);
  }
}

/** None for a key that no row of the table can have: there is nothing to keep. */
function rowIfFits(rowKey: () => string): readonly string[] {
  try {
    return [rowKey()];
  } catch (error) {
    if (error instanceof PipelineError) return [];
    throw error;
  }
}

function toOutcome(answer: unknown): Outcome {
  if (answer instanceof Error) return refused(toRedisError(answer));
  if (answer === FOREIGN)
    return refused(new PipelineError(CODES.REDIS_WRONG_TYPE, 'the key contains a value that is not a row'));
  return { kind: answer === STALE ? 'stale' : 'applied' };
}

/** Out of memory, read-only, loading…: that is the store, not the row; thrown, so that the breaker sees it. */
function refused(error: PipelineError): Outcome {
  if (error.errorClass !== 'record') throw error;
  return { kind: 'failed', error };
}

function isRow(delivery: Delivery): delivery is Delivery & { envelope: RowEnvelope } {
  return delivery.envelope.schema.type === 'row';
}
