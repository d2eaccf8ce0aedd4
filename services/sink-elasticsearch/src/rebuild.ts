import { Client } from '@elastic/elasticsearch';
import { parseTableId, type TableName } from '@sluice/envelope';
import { ownNameOf, parseSection, type RunningService, type ServiceContext } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import {
  fillingSink,
  type OpenRebuild,
  type RebuildRecord,
  type RebuiltSink,
  type RebuiltTables,
  type StoreRebuild,
} from '@sluice/sink-kit/rebuild';
import { clientOptions, elasticsearchSchema, type ElasticsearchConfig } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { liveAlias } from './elasticsearch-mapper.ts';
import { elasticsearchSink } from './elasticsearch-sink.ts';
import { IndexPlaces } from './index-places.ts';
import { findIndex, isSameOwner, ownerOf, sharedIndex } from './index-record.ts';
import { liftBlock } from './index-move.ts';
import {
  indexNames,
  isSwapped,
  keepCopies,
  keptIndexes,
  swapIndexes,
  type IndexNames,
} from './index-swap.ts';
import { missingPrivileges } from './preflight.ts';
import { RebuildRecords, removeIndexes } from './rebuild-records.ts';
import { tableIndex } from './table-index.ts';
import { Floors, stateIndex } from './truncation.ts';

export const openRebuild: OpenRebuild = (sink) => Promise.resolve(new ElasticsearchRebuild(sink));

/** Beside each index a new one, which takes over its name and its aliases. */
class ElasticsearchRebuild implements StoreRebuild {
  readonly #config: ElasticsearchConfig;
  readonly #client: Client;
  readonly #records: RebuildRecords;
  readonly #section: string;
  readonly #owner: string | null;
  /** Of the pipeline's topics, which says whose an index is. */
  readonly #prefix: string;

  constructor({ config: file, name }: RebuiltSink) {
    this.#section = `sinks.${name}`;
    this.#config = parseSection(file, ['sinks', name], elasticsearchSchema);
    this.#client = new Client(clientOptions(this.#config, this.#section));
    this.#records = new RebuildRecords(this.#client, this.#config.indexPrefix, this.#section);
    this.#owner = ownNameOf(file, name);
    this.#prefix = file.topics.prefix;
  }

  load(): Promise<RebuildRecord | null> {
    return this.#records.load();
  }

  save(record: RebuildRecord | null, before: RebuildRecord | null): Promise<boolean> {
    return this.#records.save(record, before);
  }

  settings(tables: RebuiltTables): Readonly<Record<string, unknown>> {
    // A section names no table that its sink does not take.
    const named = Object.entries(this.#config.indexes).filter(([id]) => tables.tables.includes(id));
    return { indexPrefix: this.#filledPrefix(tables), indexes: Object.fromEntries(named) };
  }

  async refusal({ tables }: RebuiltTables): Promise<string | null> {
    const indexPrefix = `${this.#config.indexPrefix}rebuild-`;
    const [problem] = await missingPrivileges(
      this.#client,
      { ...this.#config, indexPrefix },
      { section: this.#section, sourceTables: ['*.*'] },
      new AbortController().signal,
    );
    if (problem === undefined) return this.#notOwn(tables);
    return `${problem.found}: add ${indexPrefix}* to the indexes of the role that the sink has`;
  }

  /** An index of somebody else would be replaced, and rows under a former name would stay beside what is made. */
  async #notOwn(tables: readonly string[]): Promise<string | null> {
    const context = { section: this.#section, named: this.#owner, prefix: this.#prefix };
    const places = new IndexPlaces(this.#client, this.#config, context);
    for (const id of tables) {
      const table = parseTableId(id);
      const problem = (await places.problemOf(table)) ?? (await this.#sharedBy(table, context));
      if (problem !== null) return problem.message;
    }
    return null;
  }

  async #sharedBy(table: TableName, context: Pick<SinkContext, 'prefix' | 'named'>): Promise<Error | null> {
    const index = tableIndex(this.#config, table);
    const found = await findIndex(this.#client, index);
    const [wanted, owner] = [ownerOf(context, table), found?.record?.owner ?? null];
    return owner === null || isSameOwner(owner, wanted) ? null : sharedIndex(index, wanted, owner);
  }

  fill(context: ServiceContext, name: string): RunningService {
    return fillingSink(elasticsearchSink, context, name, this.#owner);
  }

  complete(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async isSwapped(tables: RebuiltTables): Promise<boolean> {
    for (const names of this.#namesOf(tables)) if (!(await isSwapped(this.#client, names))) return false;
    return true;
  }

  async swap(record: RebuildRecord): Promise<string | null> {
    const all = this.#namesOf(record);
    try {
      if (record.keepMs > 0) await keepCopies(this.#client, all);
    } catch (error) {
      for (const { index } of all) await liftBlock(this.#client, index);
      return requestError(error, 'copy of what is to be kept').message;
    }
    await this.#raiseFloors(record, all);
    await swapIndexes(this.#client, all);
    return null;
  }

  async discard(tables: RebuiltTables): Promise<void> {
    for (const names of this.#namesOf(tables)) await this.#discardOne(names);
    await removeIndexes(this.#client, [stateIndex(this.#filledPrefix(tables))]);
  }

  async removeKept(tables: RebuiltTables): Promise<void> {
    await removeIndexes(this.#client, await keptIndexes(this.#client, this.#namesOf(tables)));
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** Truncates that the filling sink has seen, and the sink, which is behind it, has not. */
  async #raiseFloors(record: RebuildRecord, all: readonly IndexNames[]): Promise<void> {
    const floors = new Floors(this.#client, this.#config.indexPrefix);
    const filledFloors = new Floors(this.#client, this.#filledPrefix(record));
    for (const { index, filled } of all) {
      const floor = await filledFloors.of(filled);
      if (floor !== '') await floors.raise(index, floor);
    }
  }

  async #discardOne(names: IndexNames): Promise<void> {
    const filled = await findIndex(this.#client, names.filled);
    if (await isSwapped(this.#client, names)) {
      if (filled !== null) await removeAliases(this.#client, filled.name, names.filled);
      return;
    }
    // Of a swap that was not done: the copy too.
    if (filled !== null) await removeIndexes(this.#client, [filled.name]);
    await removeIndexes(this.#client, await keptIndexes(this.#client, [names]));
    await liftBlock(this.#client, names.index);
  }

  #filledPrefix({ id }: RebuiltTables): string {
    return `${this.#config.indexPrefix}rebuild-${id}-`;
  }

  #namesOf(tables: RebuiltTables): IndexNames[] {
    return indexNames(this.#config, this.#filledPrefix(tables), tables);
  }
}

/** The names that the index was filled by. */
async function removeAliases(client: Client, index: string, filled: string): Promise<void> {
  const found = await findIndex(client, index);
  const present = [filled, liveAlias(filled)].filter((alias) => found?.aliases.includes(alias));
  const actions = present.map((alias) => ({ remove: { index, alias } }));
  if (actions.length > 0) await client.indices.updateAliases({ actions });
}
