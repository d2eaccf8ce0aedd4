import { setTimeout as delay } from 'node:timers/promises';
import { PipelineError, readSecret, type Secret } from '@sluice/runtime';
import { Redis, type RedisOptions } from 'ioredis';

const SECRET_RETRY_MS = 2000;

/** The client, whose password may change: it is read anew for each connection, those too that the client makes by itself. */
export class RedisClient extends Redis {
  readonly #secret: Secret | undefined;
  #isClosed = false;

  /** @param secret without it, the one of the address holds */
  constructor(url: string, secret: Secret | undefined, options: Omit<RedisOptions, 'replyMapping'>) {
    super(url, { ...options, lazyConnect: true });
    this.#secret = secret;
  }

  /** @throws SECRET_UNAVAILABLE; when the client connects again by itself, that is its error event, and it is read again after 2 s */
  override async connect(): Promise<void> {
    this.#isClosed = false;
    if (this.#secret !== undefined) this.options.password = await this.#password(this.#secret);
    if (!this.#isClosed) await super.connect();
  }

  override disconnect(reconnect = false): void {
    if (!reconnect) this.#isClosed = true;
    super.disconnect(reconnect);
  }

  async #password(secret: Secret): Promise<string> {
    for (;;) {
      try {
        return await readSecret(secret);
      } catch (error) {
        if (this.status !== 'reconnecting' || this.#isClosed || !(error instanceof PipelineError))
          throw error;
        this.emit('error', error);
        await delay(SECRET_RETRY_MS);
      }
    }
  }
}
