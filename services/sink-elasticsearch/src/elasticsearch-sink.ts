import { Client } from '@elastic/elasticsearch';
import {
  type ControlEnvelope,
  type Envelope,
  type SchemaEnvelope,
  type Sequence,
  type Source,
  tableIdOf,
} from '@sluice/envelope';
import { PipelineError, type Logger } from '@sluice/runtime';
import { reconciliationOf } from '@sluice/sink-kit';
import type { Delivery, Outcome, Purpose, Sink, SinkContext, SinkDefinition } from '@sluice/sink-kit';
import { writeRows, type BulkTarget } from './bulk-writer.ts';
import { clientOptions, elasticsearchSchema, storeSpots, type ElasticsearchConfig } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { documentId } from './elasticsearch-mapper.ts';
import { IndexAdmin } from './index-admin.ts';
import { IndexClaims } from './index-claims.ts';
import { IndexPlaces } from './index-places.ts';
import { indexNames, keptIndexes } from './index-swap.ts';
import { RebuildRecords, removeIndexes } from './rebuild-records.ts';
import { checkPrivileges } from './preflight.ts';
import { KeptGeneration } from './kept-generation.ts';
import { keepRows } from './kept-rows.ts';
import { purgeDeleted } from './purge.ts';
import { tableIndex } from './table-index.ts';
import { SnapshotBarrier } from './snapshot-ends.ts';
import { deleteBelow, Floors } from './truncation.ts';
import { CODES } from './errors.ts';

const APPLIED: Outcome = { kind: 'applied' };
const STALE: Outcome = { kind: 'stale' };

export const elasticsearchSink: SinkDefinition<ElasticsearchConfig> = {
  type: 'elasticsearch',
  schema: elasticsearchSchema,
  storeSpots,
  place: ({ node }, section) => ({
    what: 'an Elasticsearch cluster',
    address: new URL(node).origin,
    addressSetting: `${section}.node`,
    loginSetting: `${section}.auth`,
  }),
  create: (config, context) => new ElasticsearchSink(config, context),
};

type ElasticsearchSinkContext = Pick<SinkContext, 'section' | 'named' | 'prefix' | 'sourceTables' | 'log'>;

/** One document per row; each write carries the row's sequence as the document's external version. */
export class ElasticsearchSink implements Sink {
  readonly generations: KeptGeneration;
  readonly #config: ElasticsearchConfig;
  readonly #log: Logger;
  readonly #context: ElasticsearchSinkContext;
  readonly #client: Client;
  readonly #floors: Floors;
  readonly #ends: SnapshotBarrier;
  readonly #admin: IndexAdmin;
  readonly #claims: IndexClaims;
  readonly #places: IndexPlaces;

  /** Indexes that are this sink's, as far as this process has written to them. */
  readonly #met = new Set<string>();

  constructor(config: ElasticsearchConfig, context: ElasticsearchSinkContext) {
    this.#context = context;
    this.#config = config;
    this.#log = context.log;
    this.#client = new Client(clientOptions(config, context.section));
    this.#admin = new IndexAdmin(this.#client, config);
    this.#claims = new IndexClaims(this.#client, context);
    this.#places = new IndexPlaces(this.#client, config, context);
    this.#floors = new Floors(this.#client, config.indexPrefix);
    this.generations = new KeptGeneration(this.#client, config.indexPrefix, context.prefix);
    this.#ends = new SnapshotBarrier(this.#client, config.indexPrefix);
  }

  async open(signal: AbortSignal): Promise<void> {
    await checkPrivileges(this.#client, this.#config, this.#context, signal);
    await this.#health(signal);
    await this.#admin.makeState();
  }

  async ping(): Promise<void> {
    await this.#health();
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async write(
    batch: readonly Delivery[],
    signal: AbortSignal,
    purpose: Purpose = 'stream',
  ): Promise<readonly Outcome[]> {
    // In the stream the control record of a raised floor comes to every process; before anything else nothing does.
    if (purpose !== 'stream') this.#floors.forget();
    const control = batch.find((delivery) => delivery.envelope.schema.type !== 'row');
    if (control === undefined) return await this.#rows(batch, signal, purpose);
    const { schema, payload } = control.envelope;
    const misplaced = schema.type === 'heartbeat' ? null : await this.#places.refusalOf(payload.source);
    if (misplaced !== null) return [{ kind: 'failed', error: misplaced }];
    try {
      await this.#control(control, signal, purpose);
    } catch (error) {
      const failure = requestError(error, control.envelope.schema.type);
      await this.#mend(failure, this.#indexOf(control.envelope));
      if (failure.errorClass !== 'schema') throw failure;
      return [{ kind: 'failed', error: failure }];
    }
    return [APPLIED];
  }

  /** Of the tables that this process has met. */
  async purge(before: Date, signal: AbortSignal): Promise<number> {
    let purged = 0;
    for (const index of this.#met) purged += await purgeDeleted(this.#client, index, before, signal);
    return purged;
  }

  resumed(): void {
    this.#floors.forget();
  }

  async removeKept(nowMs: number): Promise<readonly string[]> {
    const { indexPrefix } = this.#config;
    const records = new RebuildRecords(this.#client, indexPrefix, this.#context.section);
    const record = await records.overdue(nowMs);
    if (record === null) return [];
    const names = indexNames(this.#config, '', record);
    await removeIndexes(this.#client, await keptIndexes(this.#client, names));
    await records.save(null, record);
    return record.tables;
  }

  async keep(end: Delivery, keys: readonly string[], since: Sequence, signal: AbortSignal): Promise<void> {
    const { source } = end.envelope.payload;
    const index = this.#indexOf(end.envelope);
    const misplaced = await this.#places.refusalOf(source);
    if (misplaced !== null) throw misplaced;
    if (await this.#claims.isOthers(index, source)) return;
    await keepRows(this.#client, index, keys.map(documentId), since, signal);
  }

  async #rows(
    batch: readonly Delivery[],
    signal: AbortSignal,
    purpose: Purpose,
  ): Promise<readonly Outcome[]> {
    const outcomes = new Array<Outcome>(batch.length).fill(STALE);
    for (const positions of byTable(batch)) {
      const rows = positions.flatMap((position) => batch[position] ?? []);
      const index = rows[0] === undefined ? '' : this.#indexOf(rows[0].envelope);
      const results = await this.#tableRows(index, rows, signal, purpose);
      for (const [result, position] of positions.entries()) outcomes[position] = results[result] ?? STALE;
    }
    return outcomes;
  }

  async #tableRows(
    index: string,
    rows: readonly Delivery[],
    signal: AbortSignal,
    purpose: Purpose,
  ): Promise<readonly Outcome[]> {
    const [first] = rows;
    const source = first?.envelope.payload.source;
    const misplaced = source === undefined ? null : await this.#places.refusalOf(source);
    if (misplaced !== null) return rows.map(() => ({ kind: 'failed', error: misplaced }));
    const floor = await this.#floors.of(index);
    const refusal = source === undefined ? null : await this.#claims.refusalOf(index, source);
    if (refusal !== null) {
      // Of a table that was dropped or renamed: its rows are gone, and another table may have its index.
      const arePast = rows.every(({ envelope }) => envelope.payload.sequence < floor);
      return rows.map(() => (arePast ? STALE : { kind: 'failed', error: refusal }));
    }
    this.#met.add(index);
    const results = await this.#written({ client: this.#client, index, floor, purpose }, rows, signal);
    if (source !== undefined && results.some(isIndexMissing)) {
      this.#claims.forget(index);
      this.#places.forget(source);
    }
    return results;
  }

  async #written(target: BulkTarget, rows: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    try {
      const outcomes = await writeRows(target, rows, signal);
      const failed = outcomes.find((outcome) => outcome.kind === 'failed');
      if (failed !== undefined) await this.#mend(failed.error, target.index);
      return outcomes;
    } catch (error) {
      await this.#mend(error, target.index);
      throw error;
    }
  }

  /** What a move of ours has left of itself is taken back; what was refused comes again. */
  async #mend(error: unknown, index: string): Promise<void> {
    if (!(error instanceof PipelineError)) return;
    const isBlocked = error.context['type'] === 'cluster_block_exception';
    if (!isBlocked && error.code !== CODES.ELASTICSEARCH_INDEX_REFUSED) return;
    if (await this.#admin.mend(index, isBlocked))
      this.#log.warn(
        { event: 'index.unblocked', index },
        'a move that was broken off had stopped its writes',
      );
  }

  async #control(delivery: Delivery, signal: AbortSignal, purpose: Purpose): Promise<void> {
    const envelope = delivery.envelope as ControlEnvelope;
    const { sequence, source } = envelope.payload;
    const index = this.#indexOf(envelope);
    switch (envelope.schema.type) {
      case 'schema':
        return await this.#schema(delivery, index, signal, purpose);
      case 'truncate':
        await this.#deleteBelow(index, source, sequence, signal);
        return this.#log.info({ table: tableIdOf(source), index, sequence }, 'table truncated');
      case 'snapshot':
        return await this.#snapshotMark(delivery, index, signal);
      case 'heartbeat':
        return;
    }
  }

  async #snapshotMark({ envelope, partition }: Delivery, index: string, signal: AbortSignal): Promise<void> {
    const reconciliation = reconciliationOf(envelope);
    if (reconciliation === null || !(await this.#ends.isLast(index, partition, reconciliation))) return;
    const { source } = envelope.payload;
    await this.#deleteBelow(index, source, reconciliation.since, signal);
    const table = tableIdOf(source);
    this.#log.info({ event: 'table.reconciled', table, index }, 'vanished rows removed');
  }

  /**
   * The floor first: from then on no older row comes in, so the deletion has an end. Of a table that has the index no more only
   * what it has said before: then its floor stands already.
   */
  async #deleteBelow(index: string, source: Source, sequence: Sequence, signal: AbortSignal): Promise<void> {
    const isOthers = await this.#claims.isOthers(index, source);
    if (isOthers && sequence > (await this.#floors.of(index))) return;
    if (!isOthers) this.#met.add(index);
    await this.#floors.raise(index, sequence);
    await deleteBelow(this.#client, index, sequence, signal);
  }

  async #schema(
    { envelope, partition }: Delivery,
    index: string,
    signal: AbortSignal,
    purpose: Purpose,
  ): Promise<void> {
    const { payload } = envelope as SchemaEnvelope;
    const { source, sequence, change, columns, policy = 'apply', partitions = 1 } = payload;
    const owner = this.#claims.ownerOf(source);
    if (change === 'drop' || change === 'rename') {
      if (policy === 'alert') return;
      await this.#admin.release(index, owner, sequence);
      return this.#claims.forget(index);
    }
    const refusal = await this.#claims.refusalOf(index, source);
    // Of a table that was dropped or renamed since.
    if (refusal !== null && sequence < (await this.#floors.of(index))) return;
    if (refusal !== null) throw refusal;
    // The partition has not come to a record that it has only looked ahead at.
    const isEverywhere = async (uuid: string): Promise<boolean> =>
      purpose === 'stream' && (await this.#ends.hasCome(index, partition, { uuid, sequence, partitions }));
    const sweep = async (): Promise<void> => {
      this.#floors.forget();
      const floor = await this.#floors.of(index);
      if (floor !== '') await deleteBelow(this.#client, index, floor, signal);
    };
    await this.#admin.follow({ index, owner, sequence, columns, isEverywhere, sweep }, signal);
    this.#claims.made(index);
    this.#met.add(index);
    const table = tableIdOf(source);
    this.#log.info({ table, index, fields: columns.length }, 'index has the fields of its table');
  }

  #indexOf({ payload }: Envelope): string {
    return tableIndex(this.#config, payload.source);
  }

  /** Not `GET /`: a cluster may leave that to a proxy; its health always has an answer. */
  async #health(signal?: AbortSignal): Promise<void> {
    try {
      await this.#client.cluster.health({}, signal === undefined ? {} : { signal });
    } catch (error) {
      throw requestError(error, 'cluster health');
    }
  }
}

/** A topic may hold several tables (strategy `database`), and two of them may come to one index: the positions of each one's rows. */
function byTable(batch: readonly Delivery[]): Iterable<readonly number[]> {
  const positions = batch.map((_, position) => position);
  const tableAt = (position: number): string => {
    const source = batch[position]?.envelope.payload.source;
    return source === undefined ? '' : tableIdOf(source);
  };
  return Map.groupBy(positions, tableAt).values();
}

function isIndexMissing(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.error.code === CODES.ELASTICSEARCH_INDEX_MISSING;
}
