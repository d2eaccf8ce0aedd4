import { tableArgument, tableId, type Source, type TableName } from '@sluice/envelope';
import { PipelineError, type Logger } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import { CODES } from './errors.ts';
import { ownerKey, placeKey, tablePrefix } from './redis-mapper.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RowKeys, TableKeys } from './row-keys.ts';

/** Under which keys a table's rows are, as it stands in Redis. */
interface KeptPlace {
  readonly key: string | null;
  readonly ttlSeconds: number | null;
}

/** Seconds that a row lives, 0: until it is deleted; and the template, if there is one. */
const KEPT = /^(\d+) (.*)$/s;

type Store = Pick<RedisConnection, 'get' | 'set' | 'setIfAbsent'>;

/**
 * Writes down in Redis whose keys begin as a table's do, so that two pipelines, or sinks of one, cannot mix their rows unseen, and
 * by which template they were written, so that another one leaves no rows behind.
 */
export class KeyOwners {
  readonly #store: Store;
  readonly #keys: RowKeys;
  readonly #keyPrefix: string;
  readonly #topicPrefix: string;
  readonly #ofSink: string;
  readonly #group: string;
  readonly #section: string;
  readonly #log: Logger;
  /** Tables whose keys are known to be ours. */
  readonly #own = new Set<string>();

  constructor(
    store: Store,
    keys: RowKeys,
    keyPrefix: string,
    context: Pick<SinkContext, 'prefix' | 'named' | 'group' | 'section' | 'log'>,
  ) {
    const { prefix, named, group, section, log } = context;
    this.#store = store;
    this.#keys = keys;
    this.#keyPrefix = keyPrefix;
    this.#topicPrefix = prefix;
    this.#ofSink = named === null ? '' : ` of sink ${named}`;
    this.#group = group;
    this.#section = section;
    this.#log = log;
  }

  /** Resolves to null when the table's keys are its own, from now on if nobody had them; else to the error. */
  async claim(source: Source): Promise<PipelineError | null> {
    const id = tableId(source.database, source.table);
    if (this.#own.has(id)) return null;
    const keys = this.#keys.of(source);
    const problem = (await this.moved(source)) ?? (await this.#taken(id, keys));
    if (problem !== null) return problem;
    await this.#keepPlace(id, keys);
    this.#own.add(id);
    return null;
  }

  /** Templates of one sink may begin alike: then their beginnings are the sink's. */
  async #taken(id: string, { heads, template }: TableKeys): Promise<PipelineError | null> {
    const owner = `${this.#topicPrefix}.${template === null ? id : '*'}${this.#ofSink}`;
    for (const head of heads) {
      const key = ownerKey(head);
      const found = await this.#store.setIfAbsent(key, owner);
      if (found !== owner) return this.#takenBy(found, key, id);
    }
    return null;
  }

  #takenBy(found: string, key: string, id: string): PipelineError {
    return new PipelineError(
      CODES.REDIS_KEYS_TAKEN,
      `the keys of ${this.#topicPrefix}.${id}${this.#ofSink} are those of ${found}, as the key ${key} says: set another \`keyPrefix\` (\`${this.#section}.keyPrefix\`); if the other no longer exists, delete its keys and this one`,
    );
  }

  /** Why rows may not come under the keys that the settings give them: those under others would stay, and follow no change. Writes nothing. */
  async moved(source: TableName): Promise<PipelineError | null> {
    const id = tableId(source.database, source.table);
    const { template } = this.#keys.of(source);
    const kept = await this.#kept(id);
    const before = tablePrefix(this.#keyPrefix, source.database, source.table);
    const isOfTableName = kept === null && template !== null && (await this.#owns(before, id));
    if (!isOfTableName && (kept === null || kept.key === template)) return null;
    const old = kept?.key ?? null;
    const forms = old === null ? `${before}*` : `${this.#keyPrefix}${old}`;
    const records = [
      ...(kept === null ? [] : [placeKey(this.#group, id)]),
      ...(old === null ? [ownerKey(before)] : []),
    ];
    const snapshot = `sluice snapshot start --table ${tableArgument(id)} --reconcile`;
    return new PipelineError(
      CODES.REDIS_KEY_TEMPLATE,
      `the rows of ${id} were written under ${old ?? 'the name of the table'}, and ${this.#section}.rows gives them ${template ?? 'no other key'} now: set it back, or delete the keys of the form ${forms}, then ${records.join(' and ')}, and run: ${snapshot}`,
    );
  }

  /** Whether this sink has written rows under the table's name, as every one did that has no template. */
  async #owns(head: string, id: string): Promise<boolean> {
    return (await this.#store.get(ownerKey(head))) === `${this.#topicPrefix}.${id}${this.#ofSink}`;
  }

  async #kept(id: string): Promise<KeptPlace | null> {
    const text = await this.#store.get(placeKey(this.#group, id));
    if (text === null) return null;
    // What no sink has written there is no template of now either: it is named, and refused.
    const [, seconds = '0', key = text] = KEPT.exec(text) ?? [];
    return { key: key === '' ? null : key, ttlSeconds: seconds === '0' ? null : Number(seconds) };
  }

  /** A row that was to end later, or never, ends as it was written all the same. */
  async #keepPlace(id: string, { template: key, ttlSeconds }: TableKeys): Promise<void> {
    const kept = await this.#kept(id);
    if (kept === null && key === null && ttlSeconds === null) return;
    if (kept !== null && kept.ttlSeconds === ttlSeconds) return;
    const isNew = kept === null;
    await this.#store.set(placeKey(this.#group, id), `${ttlSeconds ?? 0} ${key ?? ''}`);
    if (isNew) return;
    this.#log.warn(
      { event: 'table.ttl_changed', table: id, from: kept.ttlSeconds, to: ttlSeconds },
      `rows of ${id} that were written before end as ${this.#section}.rows said then; all get the new time by: sluice snapshot start --table ${tableArgument(id)}`,
    );
  }
}
