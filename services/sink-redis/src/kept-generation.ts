import type { Generation } from '@sluice/envelope';
import type { GenerationStore } from '@sluice/sink-kit';
import type { RedisConnection } from './redis-connection.ts';

const KEPT = /^(\d{1,3})(?: (.+))?$/u;

/** The newest generation whose rows this Redis has, as `3 <identity>` under a key of its own. */
export class KeptGeneration implements GenerationStore {
  readonly #connection: Pick<RedisConnection, 'get' | 'set'>;
  readonly #key: string;

  constructor(connection: Pick<RedisConnection, 'get' | 'set'>, key: string) {
    this.#connection = connection;
    this.#key = key;
  }

  async read(): Promise<Generation | null> {
    const [, number, id = null] = KEPT.exec((await this.#connection.get(this.#key)) ?? '') ?? [];
    return number === undefined ? null : { number: Number(number), id };
  }

  async keep({ number, id }: Generation): Promise<void> {
    await this.#connection.set(this.#key, id === null ? String(number) : `${number} ${id}`);
  }
}
