import { parseKey, tableIdOf, type ControlEnvelope, type Sequence, type Source } from '@sluice/envelope';
import {
  isAtLeast,
  quoteTable,
  readVariables,
  readVersion,
  toPipelineError,
  type Pool,
  type PoolConnection,
} from '@sluice/mysql';
import { PipelineError, type Logger, type PreflightProblem } from '@sluice/runtime';
import { reconciliationOf } from '@sluice/sink-kit';
import { isOverdue } from '@sluice/sink-kit/rebuild';
import type {
  Delivery,
  Outcome,
  Purpose,
  Reconciliation,
  Sink,
  SinkContext,
  SinkDefinition,
} from '@sluice/sink-kit';
import {
  byTable,
  inTransaction,
  KeptGeneration,
  originOf,
  poolGauges,
  RowGuards,
  SchemaBarrier,
  Sessions,
  SnapshotBarrier,
  StoredOffsets,
  type CommitWatcher,
  type SqlDriver,
} from '@sluice/sql-sink';
import { mappedTable, mysqlSinkSchema, storeSpots, targetTable, type MysqlSinkConfig } from './config.ts';
import { DisplacedRows } from './displaced-rows.ts';
import { mysqlDialect } from './mysql-dialect.ts';
import { mysqlDriver, targetPool } from './mysql-driver.ts';
import { OwnedRecords } from './owned-records.ts';
import { checkTarget } from './preflight.ts';
import { keepRows } from './kept-rows.ts';
import { RebuildRecords } from './rebuild-records.ts';
import { writeRows } from './row-writer.ts';
import { createStateTables } from './state-tables.ts';
import { SchemaRecords } from './schema-records.ts';
import { TableOwners } from './table-owner.ts';
import { dropTables, tablePlaces } from './table-swap.ts';
import { TargetTables } from './target-tables.ts';
import { WrittenTables } from './written-tables.ts';
import { CODES } from './errors.ts';

const APPLIED: Outcome = { kind: 'applied' };
const STALE: Outcome = { kind: 'stale' };
/** Field doesn't have a default value. */
const NO_DEFAULT = 1364;

export const mysqlSink: SinkDefinition<MysqlSinkConfig> = {
  type: 'mysql',
  schema: mysqlSinkSchema,
  storeSpots,
  place: ({ host, port }, section) => ({
    what: 'a MySQL or MariaDB server',
    address: `${host}:${port}`,
    addressSetting: `${section}.host, ${section}.port`,
    loginSetting: `${section}.user, ${section}.password`,
  }),
  create: (config, context) => new MysqlSink(config, context),
};

type MysqlSinkContext = Pick<
  SinkContext,
  'name' | 'section' | 'named' | 'group' | 'prefix' | 'log' | 'sourceTables' | 'registry'
>;

/** A batch is one transaction of the target: rows, tombstones and the partition's offset stand or fall together. */
export class MysqlSink implements Sink {
  readonly offsets: StoredOffsets<PoolConnection>;
  readonly generations: KeptGeneration<PoolConnection>;
  readonly #config: MysqlSinkConfig;
  readonly #log: Logger;
  readonly #pool: Pool;
  readonly #driver: SqlDriver<PoolConnection>;
  readonly #sessions: Sessions<PoolConnection>;
  readonly #guards: RowGuards<PoolConnection>;
  readonly #schemas: SchemaRecords;
  readonly #snapshotEnds: SnapshotBarrier<PoolConnection>;
  /** What the names of this pipeline's topics begin with: others may keep their tombstones longer. */
  readonly #topicPrefix: string;
  readonly #context: MysqlSinkContext;
  readonly #displaced: DisplacedRows;
  readonly #written = new WrittenTables();
  readonly #owners: TableOwners;
  readonly #owned: OwnedRecords;
  #tables = new TargetTables('mysql');
  /** Until the server is asked: MariaDB's default, the smaller of the two. */
  #maxPacketBytes = 16 << 20;
  #closed: Promise<void> | null = null;

  constructor(config: MysqlSinkConfig, context: MysqlSinkContext) {
    const { name, group, prefix, log, section } = context;
    this.#context = context;
    this.#topicPrefix = `${prefix}.`;
    this.#config = config;
    this.#log = log;
    this.#displaced = new DisplacedRows(log);
    this.#pool = targetPool(config, section);
    this.#driver = mysqlDriver(this.#pool, config.password);
    this.#owners = new TableOwners(config, context);
    const watch = poolGauges(context.registry, name, config.connections);
    this.#sessions = new Sessions(this.#driver, config.transactionTimeoutMs, watch);
    const { stateDatabase } = config;
    const store = { driver: this.#driver, dialect: mysqlDialect, stateDatabase };
    this.#guards = new RowGuards(this.#sessions, store);
    this.#owned = new OwnedRecords(this.#sessions, this.#owners, this.#guards);
    this.#schemas = new SchemaRecords({
      config,
      driver: this.#driver,
      sessions: this.#sessions,
      barrier: new SchemaBarrier(store),
      guards: this.#guards,
      tables: () => this.#tables,
      owners: this.#owners,
      owned: this.#owned,
      written: this.#written,
      log,
    });
    this.#snapshotEnds = new SnapshotBarrier(store);
    this.offsets = new StoredOffsets(this.#sessions, store, group);
    this.generations = new KeptGeneration(this.#sessions, store, prefix);
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#run(signal, async (connection) => {
      const version = await readVersion(connection);
      const { flavour, text } = version;
      const suits = flavour === 'mysql' ? isAtLeast(version, 8, 0, 23) : isAtLeast(version, 10, 3);
      if (!suits) throw new PipelineError(CODES.TARGET_UNSUPPORTED, `the target is ${flavour} ${text}`);
      this.#tables = new TargetTables(flavour);
      const variables = await readVariables(connection, ['max_allowed_packet']);
      this.#maxPacketBytes = Number(variables.get('max_allowed_packet') ?? this.#maxPacketBytes);
      await checkTarget(connection, this.#config, this.#context, (problem) => this.#reportLimited(problem));
      await createStateTables(connection, this.#config.stateDatabase);
      this.#log.info({ flavour, version: text }, 'target is ready');
    });
  }

  #reportLimited({ setting, found, fix }: PreflightProblem): void {
    const event = 'target.rights_missing';
    this.#log.warn({ event, setting }, `${found}: its tables cannot follow those of the source. Fix: ${fix}`);
  }

  async keep(end: Delivery, keys: readonly string[], since: Sequence, signal: AbortSignal): Promise<void> {
    const { source } = end.envelope.payload;
    await this.#run(signal, async (connection) => {
      if (!(await this.#owned.mayTouch(connection, end, since))) return;
      const target = targetTable(this.#config, source);
      const table = await this.#tables.get(connection, target.database, target.table);
      const lost = await keepRows(connection, table, keys.map(parseKey), since);
      if (lost === 0) return;
      const about = { event: 'rows.not_kept', table: table.sql, keys: lost };
      this.#log.warn(about, 'dead letters with keys that do not match this table protect no row');
    });
  }

  async ping(): Promise<void> {
    await this.#run(
      new AbortController().signal,
      async (connection) => void (await connection.query('SELECT 1')),
    );
  }

  async look(): Promise<void> {
    await this.#run(new AbortController().signal, (connection) => this.#written.check(connection));
  }

  resumed(): void {
    this.#tables.forgetAll();
    this.#owners.forgetAll();
  }

  async removeKept(nowMs: number): Promise<readonly string[]> {
    const records = new RebuildRecords(this.#config.stateDatabase, this.#context.group);
    return this.#run(new AbortController().signal, async (connection) => {
      const record = await records.load(connection);
      if (record === null || !isOverdue(record, nowMs)) return [];
      const places = tablePlaces(this.#config, record);
      await dropTables(
        connection,
        places.map(({ kept }) => kept),
      );
      await records.save(connection, null, record);
      return record.tables;
    });
  }

  async purge(before: Date, signal: AbortSignal): Promise<number> {
    return await this.#guards.purge(this.#topicPrefix, before, signal);
  }

  async close(): Promise<void> {
    this.#closed ??= this.#pool.end();
    await this.#closed;
  }

  async write(
    batch: readonly Delivery[],
    signal: AbortSignal,
    purpose: Purpose = 'stream',
  ): Promise<readonly Outcome[]> {
    const failure = await this.#attempt(batch, signal, purpose);
    if (!(failure instanceof PipelineError)) return failure;
    // The table may have been altered since it was looked at: look again, once.
    if (tellsOfAnAlter(failure) && this.#forgetTables(batch)) {
      const second = await this.#attempt(batch, signal, purpose);
      return second instanceof PipelineError ? refused(batch, second) : second;
    }
    return refused(batch, failure);
  }

  /** Outcomes, or the error of the rows as a whole; throws when the target did not answer. */
  async #attempt(
    batch: readonly Delivery[],
    signal: AbortSignal,
    purpose: Purpose,
  ): Promise<readonly Outcome[] | PipelineError> {
    try {
      const control = batch.find(({ envelope }) => envelope.schema.type !== 'row');
      if (control === undefined) return await this.#rows(batch, signal, purpose);
      await this.#control(control, signal, purpose);
      if (purpose === 'stream') await this.#advancePast(control);
      return [APPLIED];
    } catch (error) {
      const failure = toPipelineError(error);
      if (failure.errorClass === 'record' || failure.errorClass === 'schema') return failure;
      throw failure;
    }
  }

  async #rows(batch: readonly Delivery[], signal: AbortSignal, purpose: Purpose): Promise<Outcome[]> {
    if (batch.length === 0) return [];
    const outcomes = new Array<Outcome>(batch.length).fill(APPLIED);
    const refusals = await this.#owned.refusals(batch, signal);
    const apply = async (connection: PoolConnection): Promise<CommitWatcher> => {
      // First, so that a worker that lost the partition waits here and changes nothing.
      const claim = await this.offsets.claim(connection, batch, purpose);
      for (const positions of byTable(batch)) {
        const rows = positions.flatMap((position) => batch[position] ?? []);
        const results = await this.#tableRows(connection, rows, refusals, purpose);
        positions.forEach((position, index) => (outcomes[position] = results[index] ?? APPLIED));
      }
      return claim;
    };
    await this.#run(signal, (connection) => inTransaction(this.#driver, connection, () => apply(connection)));
    return outcomes;
  }

  async #tableRows(
    connection: PoolConnection,
    rows: readonly Delivery[],
    refusals: ReadonlyMap<string, PipelineError>,
    purpose: Purpose,
  ): Promise<Outcome[]> {
    const [first] = rows;
    if (first === undefined) return [];
    const { source, key } = first.envelope.payload;
    const origin = originOf(first);
    const target = targetTable(this.#config, source);
    const guards = await this.#guards.read(connection, origin);
    // Read again, they may be of a table that is gone, have a key that it has no more, or be of one whose copy was given to another.
    if (rows.every(({ envelope }) => envelope.payload.sequence < guards.truncateWatermark))
      return rows.map(() => STALE);
    const refusal = refusals.get(origin.table);
    if (refusal !== undefined) throw refusal;
    const table = await this.#tables.get(connection, target.database, target.table);
    this.#noteWritten(source);
    const plan = table.keyPlan(Object.keys(key));
    const task = {
      connection,
      table,
      plan,
      origin,
      guards: this.#guards,
      purpose,
      maxPacketBytes: this.#maxPacketBytes,
      onDisplaced: (count: number) => this.#displaced.note(table.sql, count),
    };
    return await writeRows(task, guards, rows);
  }

  async #control(delivery: Delivery, signal: AbortSignal, purpose: Purpose): Promise<void> {
    const envelope = delivery.envelope as ControlEnvelope;
    if (envelope.schema.type === 'schema') await this.#schemas.apply(delivery, signal, purpose);
    if (envelope.schema.type === 'truncate') await this.#truncate(delivery, signal);
    const reconciliation = reconciliationOf(envelope);
    if (reconciliation !== null) await this.#reconcile(delivery, reconciliation, signal);
  }

  /** Of a table that is gone, as after its DROP, there is nothing to delete. */
  async #truncate(delivery: Delivery, signal: AbortSignal): Promise<void> {
    try {
      await this.#deleteBelow(delivery, delivery.envelope.payload.sequence, signal);
    } catch (error) {
      const { code } = toPipelineError(error);
      if (code !== 'MYSQL_TABLE_UNKNOWN' && code !== 'MYSQL_DATABASE_UNKNOWN') throw error;
    }
  }

  async #reconcile(
    delivery: Delivery,
    { job, since, partitions }: Reconciliation,
    signal: AbortSignal,
  ): Promise<void> {
    const seen = await this.#run(signal, async (connection) =>
      (await this.#owned.mayTouch(connection, delivery, since))
        ? await this.#snapshotEnds.note(connection, originOf(delivery), job)
        : 0,
    );
    if (seen >= partitions) await this.#deleteBelow(delivery, since, signal);
  }

  async #advancePast({ topic, partition, next }: Delivery): Promise<void> {
    await this.offsets.advance(topic, partition, next);
  }

  #noteWritten(source: Source): void {
    this.#written.note({ ...targetTable(this.#config, source), source: tableIdOf(source) });
  }

  async #deleteBelow(delivery: Delivery, sequence: Sequence, signal: AbortSignal): Promise<void> {
    const { source } = delivery.envelope.payload;
    const target = targetTable(this.#config, source);
    const table = quoteTable(target.database, target.table);
    if (!(await this.#run(signal, (connection) => this.#owned.mayTouch(connection, delivery, sequence))))
      return;
    const walked = await this.#run(signal, (connection) =>
      this.#tables.walkedBy(connection, target.database, target.table),
    );
    await this.#guards.removeBelow(originOf(delivery), table, sequence, signal, walked);
    this.#log.info({ table, sequence }, 'older rows removed');
  }

  #forgetTables(batch: readonly Delivery[]): boolean {
    const known = batch.filter(({ envelope: { payload } }) => {
      this.#owners.forget(payload.source);
      const { database, table } = mappedTable(this.#config, payload.source);
      return this.#tables.forget(database, table);
    });
    return known.length > 0;
  }

  async #run<T>(signal: AbortSignal, work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    return await this.#sessions.run(signal, work);
  }
}

function refused(batch: readonly Delivery[], error: PipelineError): Outcome[] {
  return batch.map(() => ({ kind: 'failed', error }));
}

/** Also a column that demands a value and was not there: rows of before the ALTER have none for it. */
function tellsOfAnAlter({ errorClass, context }: PipelineError): boolean {
  return errorClass === 'schema' || context['errno'] === NO_DEFAULT;
}
