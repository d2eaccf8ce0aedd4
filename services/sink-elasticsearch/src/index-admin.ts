import { errors, type Client, type estypes } from '@elastic/elasticsearch';
import type { SchemaColumn, Sequence } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { ElasticsearchConfig } from './config.ts';
import { reasonOf, requestError } from './elasticsearch-errors.ts';
import { fieldLimit, liveAlias, METADATA_FIELDS } from './elasticsearch-mapper.ts';
import { indexDefinition, indexFields, LIVE_FILTER, ROW_MAPPING, SYNCED } from './index-definition.ts';
import { movedName, moveIndex, unblockMoved } from './index-move.ts';
import {
  findIndex,
  isSameOwner,
  metaOf,
  retypedColumns,
  sharedIndex,
  type FoundIndex,
  type IndexOwner,
} from './index-record.ts';
import { stateIndex } from './truncation.ts';
import { CODES } from './errors.ts';

/** Another process may have made or moved the index since it was looked at: who comes second looks again. */
const ATTEMPTS = 3;

/** What a schema record asks of a table's index. */
export interface IndexOrder {
  readonly index: string;
  readonly owner: IndexOwner;
  readonly sequence: Sequence;
  readonly columns: readonly SchemaColumn[];
  /** Whether no partition has rows of before this record any more; `uuid` of the index as it is. */
  readonly isEverywhere: (uuid: string) => Promise<boolean>;
  /** Removes once more what truncates have removed. */
  readonly sweep: () => Promise<void>;
}

/** The cluster's words for it; the status and type are those of any argument. */
const DATA_STREAMS_ONLY = /matches with template \[[^\]]*\] that creates data streams only/u;

/** What the cluster says when another process was faster; the last: an alias has got the name meanwhile. */
const OVERTAKEN = [
  'resource_already_exists_exception',
  'index_not_found_exception',
  'invalid_index_name_exception',
];

/**
 * Makes the index of a table hold all its columns: created when missing, new fields added; where a column's values are of another
 * kind now, a new index takes the place of the old one when every partition has come to the change, and until then the table
 * waits (ELASTICSEARCH_INDEX_WAITS). Any number of processes may do this at once. Throws class schema when the cluster refuses the
 * shape, or the index is another table's.
 */
export class IndexAdmin {
  readonly #client: Client;
  readonly #config: ElasticsearchConfig;
  /** Moves that this process is carrying out, by index. */
  readonly #moves = new Map<string, Promise<boolean>>();

  constructor(client: Client, config: ElasticsearchConfig) {
    this.#client = client;
    this.#config = config;
  }

  async follow(order: IndexOrder, signal: AbortSignal): Promise<void> {
    const { index } = order;
    for (let attempt = 1; ; attempt += 1) {
      let found: FoundIndex | null = null;
      try {
        found = await findIndex(this.#client, index);
        if (found === null) return await this.#create(order);
        if (await this.#change(found, order, signal)) return;
      } catch (error) {
        const isOvertaken = OVERTAKEN.some((type) => hasType(error, type));
        const mayTry = attempt < ATTEMPTS && !(error instanceof PipelineError);
        if (!mayTry || !(isOvertaken || (await this.#isReplaced(index, found))))
          throw schemaError(error, index);
      }
    }
  }

  /**
   * Makes the sink's own index before its first use: one that a write makes answers all reads with 503 until its shard has
   * started, and the first reads of many tables would look like an outage.
   */
  async makeState(): Promise<void> {
    const index = stateIndex(this.#config.indexPrefix);
    try {
      if (await this.#client.indices.exists({ index })) return;
      await this.#client.indices.create({ index, settings: SYNCED });
    } catch (error) {
      if (!hasType(error, 'resource_already_exists_exception')) throw schemaError(error, index);
    }
  }

  /**
   * Takes back what a move that was broken off has left of itself. True when there was something: what was refused may come again.
   * @param isBlocked whether the index has refused a write as blocked; else its alias may lead to two
   */
  async mend(index: string, isBlocked: boolean): Promise<boolean> {
    try {
      const found = await findIndex(this.#client, isBlocked ? liveAlias(index) : index);
      if (found === null) return false;
      return await (isBlocked ? unblockMoved(this.#client, found) : this.#giveLive(index, found.name));
    } catch (error) {
      throw requestError(error, `index ${index}`);
    }
  }

  /** Whether another process has moved the index meanwhile: what the cluster refused was meant for the one before. */
  async #isReplaced(index: string, before: FoundIndex | null): Promise<boolean> {
    if (before === null) return false;
    const now = await findIndex(this.#client, index).catch(() => null);
    return now !== null && now.uuid !== before.uuid;
  }

  /**
   * The table is no more, and what it has in the index is removed: another may have it. Not by a drop that comes again: the table that was
   * made since has the index.
   */
  async release(index: string, owner: IndexOwner, sequence: Sequence): Promise<void> {
    try {
      const found = await findIndex(this.#client, index);
      const record = found?.record;
      if (found === null || !record?.owner || !isSameOwner(record.owner, owner)) return;
      if (sequence < record.sequence) return;
      const _meta = { ...found.meta, sluice: { ...record, owner: null, formerOwner: owner } };
      await this.#client.indices.putMapping({ index: found.name, _meta });
    } catch (error) {
      throw schemaError(error, index);
    }
  }

  async #create({ index, owner, sequence, columns }: IndexOrder): Promise<void> {
    checkNames(index, columns);
    const { settings, aliases } = indexDefinition(this.#config, index, columns);
    const mappings = {
      ...ROW_MAPPING,
      _meta: metaOf(owner, sequence, columns),
      properties: properties(columns),
    } as const;
    await this.#client.indices.create({ index, settings, mappings, aliases });
  }

  /** False when the index was moved meanwhile, and has to be looked at again. */
  async #change(found: FoundIndex, order: IndexOrder, signal: AbortSignal): Promise<boolean> {
    const { index, owner, sequence, columns } = order;
    const { record } = found;
    if (record?.owner && !isSameOwner(record.owner, owner)) throw sharedIndex(index, owner, record.owner);
    // One that comes again: the index has the fields of a later one, and the other partitions are beyond it.
    const last = record?.owner ?? record?.formerOwner;
    if (record && last && isSameOwner(last, owner) && sequence < record.sequence) {
      await this.#giveLive(index, found.name);
      return true;
    }
    checkNames(index, columns);
    const retyped = retypedColumns(found, columns);
    if (retyped.length === 0) {
      // Of a move that is no longer wanted.
      if (found.isBlocked) await unblockMoved(this.#client, found);
      await this.#extend(found, order);
      return true;
    }
    if (!(await order.isEverywhere(found.uuid))) {
      throw new PipelineError(
        CODES.ELASTICSEARCH_INDEX_WAITS,
        `${index} gets other fields for ${retyped.map(({ name }) => name).join(', ')} when every partition has shown the change`,
      );
    }
    return await this.#moveOnce(found, order, retyped, signal);
  }

  /** The partitions of a process come to a change at the same time: one of them moves the index, the others look again. */
  async #moveOnce(
    found: FoundIndex,
    order: IndexOrder,
    retyped: readonly SchemaColumn[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const running = this.#moves.get(order.index);
    if (running !== undefined) {
      await running.catch(() => undefined);
      return false;
    }
    const move = this.#move(found, order, retyped, signal);
    this.#moves.set(order.index, move);
    try {
      return await move;
    } finally {
      this.#moves.delete(order.index);
    }
  }

  async #extend(found: FoundIndex, { index, owner, sequence, columns }: IndexOrder): Promise<void> {
    const { name, fields, record } = found;
    const missing = columns.filter((column) => !Object.hasOwn(fields, column.name));
    const isDone = missing.length === 0 && record?.owner && record.sequence === sequence;
    if (isDone) {
      await this.#giveLive(index, name);
      return;
    }
    if (missing.length > 0 || !('_sluice' in fields)) {
      const limit = fieldLimit(Object.keys(fields).length + missing.length);
      const settings = { 'index.mapping.total_fields.limit': limit };
      await this.#client.indices.putSettings({ index: name, settings });
    }
    await this.#client.indices.putMapping({
      index: name,
      ...ROW_MAPPING,
      _meta: metaOf(owner, sequence, columns, found),
      properties: properties(missing),
    });
    await this.#giveLive(index, name);
  }

  /**
   * Rows go to this index alone: a move that was broken off has given the alias to the index that it was making, and a write through an
   * alias of two is refused. False when it was so.
   */
  async #giveLive(index: string, name: string): Promise<boolean> {
    const alias = liveAlias(index);
    const holders = Object.keys(await this.#client.indices.getAlias({ name: alias }, { ignore: [404] }));
    const others = holders.filter((holder) => holder !== name && isOfTable(holder, index));
    if (others.length === 0 && holders.includes(name)) return false;
    const removals = others.map((other) => ({ remove: { index: other, alias, must_exist: false } }));
    const actions = [...removals, { add: { index: name, alias, filter: LIVE_FILTER } }];
    await this.#client.indices.updateAliases({ actions });
    return true;
  }

  async #move(
    found: FoundIndex,
    { index, owner, sequence, columns, sweep }: IndexOrder,
    retyped: readonly SchemaColumn[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const to = movedName(index, sequence);
    const { settings } = indexDefinition(this.#config, index, columns);
    const mappings = {
      ...ROW_MAPPING,
      _meta: metaOf(owner, sequence, columns, { ...found, fields: {} }),
      properties: properties(columns),
    } as const;
    await this.#client.indices.create({ index: to, settings, mappings }).catch((error: unknown) => {
      if (!hasType(error, 'resource_already_exists_exception')) throw error;
    });
    const move = { index, from: found, to, columns: retyped.map(({ name }) => name), sweep };
    return await moveIndex(this.#client, move, signal);
  }
}

function checkNames(index: string, columns: readonly SchemaColumn[]): void {
  const clash = columns.find(({ name }) => METADATA_FIELDS.has(name));
  if (clash === undefined) return;
  throw refused(`${index}: Elasticsearch allows no field named ${clash.name}; leave the column out`);
}

/** Whether this is the table's index, or one that takes or has had its place. */
function isOfTable(name: string, index: string): boolean {
  return name === index || name.startsWith(`${index}%`);
}

function properties(columns: readonly SchemaColumn[]): Record<string, estypes.MappingProperty> {
  return indexFields(columns) as unknown as Record<string, estypes.MappingProperty>;
}

/** What the cluster calls wrong with an index is the table's trouble, not one document's. */
function schemaError(error: unknown, index: string): PipelineError {
  const failure = requestError(error, `index ${index}`);
  if (failure.errorClass !== 'record') return failure;
  const reason = error instanceof errors.ResponseError ? (reasonOf(error).reason ?? '') : '';
  const fix = DATA_STREAMS_ONLY.test(reason)
    ? '. Documents of a data stream cannot be changed or deleted by their ids: take the name out of `index_patterns` of that template, or give the table another name, by `indexes` of the sink'
    : '';
  return refused(`${failure.message}: ${reason.slice(0, 300)}${fix}`, error);
}

function refused(message: string, cause?: unknown): PipelineError {
  return new PipelineError(CODES.ELASTICSEARCH_INDEX_REFUSED, message, { cause });
}

function hasType(error: unknown, type: string): boolean {
  return error instanceof errors.ResponseError && reasonOf(error).type === type;
}
