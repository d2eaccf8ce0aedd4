import { tableId, type Source } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import { ownerKey } from './redis-mapper.ts';
import type { RedisConnection } from './redis-connection.ts';
import { CODES } from './errors.ts';

/** Writes down in Redis whose keys begin as a table's do, so that two pipelines, or sinks of one, cannot mix their rows unseen. */
export class KeyOwners {
  readonly #connection: RedisConnection;
  readonly #keyPrefix: string;
  readonly #topicPrefix: string;
  readonly #ofSink: string;
  /** Tables whose keys are known to be ours. */
  readonly #own = new Set<string>();

  constructor(
    connection: RedisConnection,
    keyPrefix: string,
    context: Pick<SinkContext, 'prefix' | 'named'>,
  ) {
    this.#connection = connection;
    this.#keyPrefix = keyPrefix;
    const { prefix, named } = context;
    this.#topicPrefix = prefix;
    this.#ofSink = named === null ? '' : ` of sink ${named}`;
  }

  /** Resolves to null when the table's keys are its own, from now on if nobody had them; else to the error. */
  async claim({ database, table }: Source): Promise<PipelineError | null> {
    const id = tableId(database, table);
    if (this.#own.has(id)) return null;
    const owner = `${this.#topicPrefix}.${id}${this.#ofSink}`;
    const key = ownerKey(this.#keyPrefix, database, table);
    const found = await this.#connection.setIfAbsent(key, owner);
    if (found === owner) {
      this.#own.add(id);
      return null;
    }
    return new PipelineError(
      CODES.REDIS_KEYS_TAKEN,
      `the keys of ${owner} are those of ${found}, as the key ${key} says`,
    );
  }
}
