import type { Client } from '@elastic/elasticsearch';
import { tableArgument, tableId, type TableName } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import { requestError } from './elasticsearch-errors.ts';
import { documentId, indexName } from './elasticsearch-mapper.ts';
import { findIndexes, isSameOwner, ownerOf, type FoundIndex, type IndexOwner } from './index-record.ts';
import { tableIndex, type IndexSettings } from './table-index.ts';
import { stateIndex } from './truncation.ts';
import { countWhole } from './whole-answers.ts';
import { CODES } from './errors.ts';

type Context = Pick<SinkContext, 'section' | 'named' | 'prefix'>;

/**
 * Whether rows of a table may come under the name that the settings give its index: another name than the one of before would leave its
 * rows where they are, to follow no change, and under a name that a person has chosen there may be something already. The name of a
 * table stands in the sink's own index from its first record on, where it is not the table's own.
 */
export class IndexPlaces {
  readonly #client: Client;
  readonly #settings: IndexSettings;
  readonly #context: Context;
  /** Tables whose rows may come. */
  readonly #good = new Set<string>();
  /** By index: who comes to one that is being looked at comes after it, so that of two tables the first has it. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(client: Client, settings: IndexSettings, context: Context) {
    this.#client = client;
    this.#settings = settings;
    this.#context = context;
  }

  /** Null: rows may come; the name is written down. Throws when the cluster does not answer. */
  async refusalOf(table: TableName): Promise<PipelineError | null> {
    const id = tableId(table.database, table.table);
    if (this.#good.has(id)) return null;
    const index = tableIndex(this.#settings, table);
    const answer = (this.#turns.get(index) ?? Promise.resolve()).then(() => this.#admitted(table, id));
    const turn = answer.catch(() => undefined);
    this.#turns.set(index, turn);
    try {
      return await answer;
    } finally {
      if (this.#turns.get(index) === turn) this.#turns.delete(index);
    }
  }

  async #admitted(table: TableName, id: string): Promise<PipelineError | null> {
    try {
      const kept = await this.#kept(table);
      const problem = await this.#problemOf(table, kept);
      if (problem !== null) return problem;
      await this.#keep(table, kept);
      this.#good.add(id);
      return null;
    } catch (error) {
      throw requestError(error, `place of ${id}`);
    }
  }

  /** As `refusalOf`, and writes nothing. */
  async problemOf(table: TableName): Promise<PipelineError | null> {
    try {
      return await this.#problemOf(table, await this.#kept(table));
    } catch (error) {
      throw requestError(error, `place of ${tableId(table.database, table.table)}`);
    }
  }

  /** The index has gone: something else may have its name by now. */
  forget({ database, table }: TableName): void {
    this.#good.delete(tableId(database, table));
  }

  async #problemOf(table: TableName, kept: string | null): Promise<PipelineError | null> {
    const index = tableIndex(this.#settings, table);
    const before = kept ?? this.#plainName(table);
    const left = before === index ? [] : await this.#leftIn(before, table);
    if (left.length > 0) return this.#moved(table, index, left);
    const found = await findIndexes(this.#client, index);
    const stream = found.find(({ dataStream }) => dataStream !== null)?.dataStream ?? null;
    if (stream !== null) return this.#refused(table, index, dataStreamReason(stream, index));
    // What the table's own name leads to is taken as it is, and so is what the sink has written to.
    if (index === this.#plainName(table) || index === kept) return null;
    const reason = await this.#strangersIn(found);
    return reason === null ? null : this.#refused(table, index, reason);
  }

  /** Indexes of the table under another name: its own, those of a move, what is kept of a rebuild. */
  async #leftIn(before: string, table: TableName): Promise<readonly string[]> {
    const owner = ownerOf(this.#context, table);
    // One that the role does not show is an error here; below it would be none.
    await this.#client.indices.exists({ index: before });
    const found = await findIndexes(this.#client, before, `${before}%*`);
    return found.filter((each) => isOf(each, owner)).map(({ name }) => name);
  }

  /** What somebody else has there; the documents of others would be taken for rows that the source does not have. */
  async #strangersIn(found: readonly FoundIndex[]): Promise<string | null> {
    if (found.length > 1) return `that is an alias of ${found.length} indexes: it has to lead to one`;
    const [only] = found;
    if (only === undefined || only.record !== null) return null;
    const documents = await countWhole(this.#client, only.name);
    return documents === 0
      ? null
      : `${only.name} has ${documents} documents that no sink of Sluice has written`;
  }

  #plainName({ database, table }: TableName): string {
    return indexName(this.#settings.indexPrefix, database, table);
  }

  #setting({ database, table }: TableName): string {
    const id = tableId(database, table);
    const { section } = this.#context;
    return `${section}.indexes["${id}"].name`;
  }

  #refused(table: TableName, index: string, reason: string): PipelineError {
    const id = tableId(table.database, table.table);
    return new PipelineError(
      CODES.ELASTICSEARCH_INDEX_REFUSED,
      `the rows of ${id} cannot be in ${index}: ${reason}. Give the table another name, by ${this.#setting(table)}, or take away what is there`,
    );
  }

  #moved(table: TableName, index: string, left: readonly string[]): PipelineError {
    const id = tableId(table.database, table.table);
    const deletes = left.map((name) => `DELETE /${encodeURIComponent(name)}`).join(', ');
    return new PipelineError(
      CODES.ELASTICSEARCH_INDEX_RENAMED,
      `the rows of ${id} are in ${left.join(', ')}, and ${this.#setting(table)} leads to ${index} now: set it back, or ${deletes} and run: sluice snapshot start --table ${tableArgument(id)} --reconcile`,
    );
  }

  #place(table: TableName): { readonly index: string; readonly id: string } {
    const { prefix, database, table: name, sink = null } = ownerOf(this.#context, table);
    const id = documentId(`place:${JSON.stringify([prefix, sink, database, name])}`);
    return { index: stateIndex(this.#settings.indexPrefix), id };
  }

  async #kept(table: TableName): Promise<string | null> {
    const answer = await this.#client.get<{ readonly place?: string }>(this.#place(table), { ignore: [404] });
    return answer._source?.place ?? null;
  }

  /** By id, so that what another process has written is seen without a refresh. */
  async #keep(table: TableName, kept: string | null): Promise<void> {
    const place = tableIndex(this.#settings, table);
    if (place === (kept ?? this.#plainName(table))) return;
    await this.#client.index({ ...this.#place(table), document: { place } });
  }
}

function isOf({ record }: FoundIndex, owner: IndexOwner): boolean {
  const found = record?.owner ?? null;
  return found !== null && isSameOwner(found, owner);
}

function dataStreamReason(stream: string, index: string): string {
  const name = stream === index ? 'that' : stream;
  return `${name} is a data stream, whose documents cannot be changed or deleted by their ids`;
}
