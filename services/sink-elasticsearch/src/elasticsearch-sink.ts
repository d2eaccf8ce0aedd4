import { Client } from '@elastic/elasticsearch';
import type { ControlEnvelope, Envelope, SchemaEnvelope, Sequence, Source } from '@sluice/envelope';
import { PipelineError, type Logger } from '@sluice/runtime';
import { reconciliationOf } from '@sluice/sink-kit';
import type { Delivery, Outcome, Purpose, Sink, SinkDefinition } from '@sluice/sink-kit';
import { writeRows } from './bulk-writer.ts';
import { clientOptions, elasticsearchSchema, type ElasticsearchConfig } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { documentId, indexName } from './elasticsearch-mapper.ts';
import { ensureIndex } from './index-admin.ts';
import { checkPrivileges } from './preflight.ts';
import { keepRows } from './kept-rows.ts';
import { purgeDeleted } from './purge.ts';
import { SnapshotEnds } from './snapshot-ends.ts';
import { deleteBelow, Floors } from './truncation.ts';

const APPLIED: Outcome = { kind: 'applied' };
const STALE: Outcome = { kind: 'stale' };

export const elasticsearchSink: SinkDefinition<ElasticsearchConfig> = {
  name: 'elasticsearch',
  schema: elasticsearchSchema,
  place: ({ node }) => ({
    what: 'an Elasticsearch cluster',
    address: new URL(node).origin,
    addressSetting: 'sinks.elasticsearch.node',
    loginSetting: 'sinks.elasticsearch.auth',
  }),
  create: (config, { log, sourceTables }) => new ElasticsearchSink(config, log, sourceTables),
};

/** One document per row; each write carries the row's sequence as the document's external version. */
export class ElasticsearchSink implements Sink {
  readonly #config: ElasticsearchConfig;
  readonly #log: Logger;
  readonly #sourceTables: readonly string[];
  readonly #client: Client;
  readonly #floors: Floors;
  readonly #ends: SnapshotEnds;
  /** Index → table: index names are lower case, table names need not be. */
  readonly #owners = new Map<string, string>();

  /** Indexes that records have come for. */
  readonly #met = new Set<string>();

  constructor(config: ElasticsearchConfig, log: Logger, sourceTables: readonly string[] = []) {
    this.#sourceTables = sourceTables;
    this.#config = config;
    this.#log = log;
    this.#client = new Client(clientOptions(config));
    this.#floors = new Floors(this.#client, config.indexPrefix);
    this.#ends = new SnapshotEnds(this.#client, config.indexPrefix);
  }

  async open(signal: AbortSignal): Promise<void> {
    await checkPrivileges(this.#client, this.#config, this.#sourceTables, signal);
    await this.#health(signal);
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
    // In the stream the control record of a raised floor comes to every process; before a replay nothing does.
    if (purpose === 'replay') this.#floors.forget();
    const control = batch.find((delivery) => delivery.envelope.schema.type !== 'row');
    if (control === undefined) return await this.#rows(batch, signal);
    try {
      await this.#control(control, signal);
    } catch (error) {
      const failure = requestError(error, control.envelope.schema.type);
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

  async keep(end: Delivery, keys: readonly string[], since: Sequence, signal: AbortSignal): Promise<void> {
    await keepRows(this.#client, this.#indexOf(end.envelope), keys.map(documentId), since, signal);
  }

  async #rows(batch: readonly Delivery[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const outcomes = new Array<Outcome>(batch.length).fill(STALE);
    for (const [index, positions] of this.#byIndex(batch)) {
      const floor = await this.#floors.of(index);
      const rows = positions.flatMap((position) => batch[position] ?? []);
      const results = await writeRows({ client: this.#client, index, floor }, rows, signal);
      for (const [result, position] of positions.entries()) outcomes[position] = results[result] ?? STALE;
    }
    return outcomes;
  }

  /** A topic may hold several tables (strategy `database`): one bulk request per table. */
  #byIndex(batch: readonly Delivery[]): Map<string, number[]> {
    const groups = new Map<string, number[]>();
    for (const [position, { envelope }] of batch.entries()) {
      const index = this.#indexOf(envelope);
      const group = groups.get(index);
      if (group === undefined) groups.set(index, [position]);
      else group.push(position);
    }
    return groups;
  }

  async #control(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const envelope = delivery.envelope as ControlEnvelope;
    const { sequence, source } = envelope.payload;
    const index = this.#indexOf(envelope);
    switch (envelope.schema.type) {
      case 'schema':
        return await this.#schema(envelope as SchemaEnvelope, index);
      case 'truncate':
        await this.#deleteBelow(index, sequence, signal);
        return this.#log.info({ table: tableOf(source), index, sequence }, 'table truncated');
      case 'snapshot':
        return await this.#snapshotMark(delivery, index, signal);
      case 'heartbeat':
        return;
    }
  }

  async #snapshotMark({ envelope, partition }: Delivery, index: string, signal: AbortSignal): Promise<void> {
    const reconciliation = reconciliationOf(envelope);
    if (reconciliation === null || !(await this.#ends.isLast(index, partition, reconciliation))) return;
    await this.#deleteBelow(index, reconciliation.since, signal);
    const table = tableOf(envelope.payload.source);
    this.#log.info({ event: 'table.reconciled', table, index }, 'vanished rows removed');
  }

  /** The floor first: from then on no older row comes in, so the deletion has an end. */
  async #deleteBelow(index: string, sequence: Sequence, signal: AbortSignal): Promise<void> {
    await this.#floors.raise(index, sequence);
    await deleteBelow(this.#client, index, sequence, signal);
  }

  /** Fields are only ever added: what a breaking change needs is a rebuild; until then `_source` stays exact. */
  async #schema({ payload }: SchemaEnvelope, index: string): Promise<void> {
    if (payload.change === 'drop' || payload.change === 'rename') return;
    const table = tableOf(payload.source);
    const owner = this.#owners.get(index) ?? table;
    if (owner !== table) {
      throw new PipelineError(
        'ELASTICSEARCH_INDEX_REFUSED',
        `${table} and ${owner} would share index ${index}`,
      );
    }
    await ensureIndex(this.#client, this.#config, index, payload.columns);
    this.#owners.set(index, table);
    this.#log.info({ table, index, fields: payload.columns.length }, 'index has the fields of its table');
  }

  #indexOf({ payload }: Envelope): string {
    const index = indexName(this.#config.indexPrefix, payload.source.database, payload.source.table);
    this.#met.add(index);
    return index;
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

function tableOf(source: Source): string {
  return `${source.database}.${source.table}`;
}
