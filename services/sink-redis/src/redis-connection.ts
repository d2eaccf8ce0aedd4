import type { ConnectionOptions } from 'node:tls';
import {
  loginRefused,
  loginTaken,
  PipelineError,
  tlsFailureAt,
  type Logger,
  type Secret,
} from '@sluice/runtime';
import { replyCode, tlsFailed, tlsFailureOf, toRedisError } from './redis-errors.ts';
import { clientTls, type RedisConfig } from './config.ts';
import { RedisClient } from './redis-client.ts';
import type { MarkerSource } from './marker-source.ts';
import type { Probe, Refusal } from './preflight.ts';
import type { Script } from './scripts.ts';
import { CODES } from './errors.ts';

export interface ScriptCall {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

const RECONNECT_MAX_MS = 2000;
const DEFAULT_PORT = '6379';

/** An EXEC that may not be run ends the transaction, and that is the reply (processCommand of Redis). */
const REFUSALS = new Set(['NOPERM', 'EXECABORT']);
/** What Redis answers to a login, and to commands behind one that it refused. */
const LOGIN_REFUSALS = new Set(['NOAUTH', 'WRONGPASS']);

/**
 * One connection. ioredis reconnects by itself, but commands fail at once while it does and are never sent again: retry
 * belongs to sink-kit.
 */
export class RedisConnection {
  readonly #redis: RedisClient;
  readonly #url: URL | null;
  readonly #tls: ConnectionOptions;
  readonly #timeoutMs: number;
  readonly #password: Secret | undefined;
  readonly #log: Logger;
  /** Why the last connection failed: says more than "connection is closed". */
  #lastError: unknown = null;
  #connected = false;

  /** @param about `section` names the settings in messages: `sinks.<name>` */
  constructor(
    config: Pick<RedisConfig, 'url' | 'tls' | 'timeoutMs'> & Partial<Pick<RedisConfig, 'password'>>,
    { log, section }: { readonly log: Logger; readonly section: string },
    onReady: () => void,
  ) {
    const { timeoutMs } = config;
    this.#timeoutMs = timeoutMs;
    this.#password = config.password;
    this.#log = log;
    const tls = clientTls(config, section);
    this.#url = URL.parse(config.url);
    if (this.#url?.port === '') this.#url.port = DEFAULT_PORT;
    this.#tls = tls.tls ?? {};
    this.#redis = new RedisClient(config.url, config.password, {
      ...tls,
      connectTimeout: timeoutMs,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (attempt) => Math.min(attempt * 50, RECONNECT_MAX_MS),
    });
    this.#redis.on('ready', () => {
      this.#setConnected(true);
      onReady();
    });
    this.#redis.on('close', () => this.#setConnected(false));
    this.#redis.on('error', (error: unknown) => (this.#lastError = error));
  }

  /** Throws REDIS_UNAVAILABLE, REDIS_AUTH, REDIS_TLS_FAILED, SECRET_UNAVAILABLE or SECRET_REFUSED. May be called again after a failure. */
  async open(): Promise<void> {
    if (this.#redis.status === 'ready') return;
    const connecting = this.#redis.status === 'wait' || this.#redis.status === 'end';
    try {
      await this.#guarded(connecting ? this.#redis.connect() : this.#ready());
    } catch (error) {
      throw await this.#orTlsFailed(error);
    }
  }

  /**
   * A server that refuses the client's certificate closes behind the handshake, and its reason may be lost with what the client has sent by
   * then: the handshake is tried once more, without a word behind it.
   */
  async #orTlsFailed(error: unknown): Promise<unknown> {
    const isOutage = error instanceof PipelineError && error.code === CODES.REDIS_UNAVAILABLE;
    if (!isOutage || this.#url?.protocol !== 'rediss:') return error;
    const code = await tlsFailureAt(this.#url, this.#tls);
    return code === null ? error : tlsFailed(code, error);
  }

  /** Runs each command by itself; resolves to those that the user may not run, or not on these keys. */
  async refused(probes: readonly Probe[]): Promise<Refusal[]> {
    const refusals: Refusal[] = [];
    for (const { rule, args } of probes) {
      const [command, ...rest] = args;
      // Only a refusal is looked for: EXEC after a MULTI that was refused, say, is an error of another kind.
      const error: unknown = await this.#redis.call(command, ...rest).then(
        () => null,
        (reason: unknown) => reason,
      );
      if (!(error instanceof Error) || !REFUSALS.has(replyCode(error) ?? '')) continue;
      refusals.push({ rule, ofKey: /\bkeys?\b/i.test(error.message) });
    }
    return refusals;
  }

  /** Runs each command by itself; resolves to whether the user may run it, null where the server answers anything but a result or a refusal. */
  async allowed(probes: readonly Probe[]): Promise<ReadonlyMap<string, boolean | null>> {
    const allowed = new Map<string, boolean | null>();
    for (const { rule, args } of probes) {
      const [command, ...rest] = args;
      const answer = await this.#redis.call(command, ...rest).then(
        () => true,
        (error: unknown) => (error instanceof Error && REFUSALS.has(replyCode(error) ?? '') ? false : null),
      );
      allowed.set(rule, answer);
    }
    return allowed;
  }

  async ping(): Promise<void> {
    await this.#guarded(this.#redis.ping());
  }

  async info(): Promise<string> {
    return this.#guarded(this.#redis.info());
  }

  async get(key: string): Promise<string | null> {
    return this.#guarded(this.#redis.get(key));
  }

  async set(key: string, value: string): Promise<void> {
    await this.#guarded(this.#redis.set(key, value));
  }

  /** Resolves to the value that stands there now. */
  async setIfAbsent(key: string, value: string): Promise<string> {
    await this.#guarded(this.#redis.set(key, value, 'NX'));
    return (await this.get(key)) ?? value;
  }

  async remove(key: string): Promise<void> {
    await this.#guarded(this.#redis.del(key));
  }

  /** Adds to a set that lives for `seconds` from now; resolves to its size. */
  async addMember(key: string, member: string, seconds: string): Promise<number> {
    const replies = await this.#guarded(
      this.#redis.multi().sadd(key, member).expire(key, seconds).scard(key).exec(),
    );
    const [error, size] = replies?.at(-1) ?? [];
    if (error || typeof size !== 'number') throw toRedisError(error, 'connection');
    return size;
  }

  /** One step of SCAN; begin and end with cursor `0`. */
  async scan(
    cursor: string,
    pattern: string,
    count: number,
  ): Promise<{ cursor: string; keys: readonly string[] }> {
    const [next, keys] = await this.#guarded(this.#redis.scan(cursor, 'MATCH', pattern, 'COUNT', count));
    return { cursor: next, keys };
  }

  /**
   * Runs every call in one round trip; resolves to an answer or error reply of each. Scripts that the server does not know
   * (restart, failover, SCRIPT FLUSH) are loaded and those calls made again. Throws when the connection does not answer.
   * @param markers gives a marker to each send: others may send theirs between a first and a second one
   */
  async run(calls: readonly ScriptCall[], markers: MarkerSource): Promise<readonly unknown[]> {
    const answers = [...(await this.#pipeline(calls, markers))];
    const unknown = calls.flatMap((call, index) =>
      replyCode(answers[index]) === 'NOSCRIPT' ? [{ call, index }] : [],
    );
    if (unknown.length === 0) return answers;
    for (const script of new Set(unknown.map(({ call }) => call.script))) {
      await this.#guarded(this.#redis.script('LOAD', script.source));
    }
    const again = await this.#pipeline(
      unknown.map(({ call }) => call),
      markers,
    );
    unknown.forEach(({ index }, position) => (answers[index] = again[position]));
    return answers;
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** Nothing is awaited before the send: markers come to Redis in the order in which they were given. */
  async #pipeline(calls: readonly ScriptCall[], markers: MarkerSource): Promise<readonly unknown[]> {
    const marker = markers.next();
    const pipeline = this.#redis.pipeline();
    for (const { script, keys, args } of calls) pipeline.evalsha(script.sha, keys.length, ...keys, ...args);
    pipeline.get(marker.key);
    pipeline.set(marker.key, marker.value, 'EX', marker.seconds);
    const replies = await this.#guarded(pipeline.exec());
    if (replies === null || replies.length !== calls.length + 2) {
      throw new PipelineError(CODES.REDIS_UNAVAILABLE, 'Redis did not answer the whole batch');
    }
    const [[readError, before] = [null], [setError] = [null]] = replies.splice(calls.length);
    const markerError = readError ?? setError;
    if (markerError) throw toRedisError(markerError, 'connection');
    await markers.acknowledge(marker, before);
    return replies.map(([error, answer]) => {
      if (error !== null && replyCode(error) === null) throw toRedisError(error);
      return error ?? answer;
    });
  }

  async #ready(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onClose = (): void => reject(new Error('connection closed'));
    this.#redis.once('ready', resolve);
    this.#redis.once('close', onClose);
    try {
      await promise;
    } finally {
      this.#redis.off('ready', resolve);
      this.#redis.off('close', onClose);
    }
  }

  /** A server that hangs keeps the socket open: after the timeout the connection is given up. */
  async #guarded<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#redis.disconnect(true);
        reject(
          new PipelineError(CODES.REDIS_UNAVAILABLE, `Redis did not answer within ${this.#timeoutMs} ms`),
        );
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([answer, timeout]);
    } catch (error) {
      const last = this.#lastError;
      const isKnown =
        replyCode(last) !== null || tlsFailureOf(last) !== null || last instanceof PipelineError;
      const told = replyCode(error) === null && isKnown ? last : error;
      const known = toRedisError(told, 'connection');
      throw LOGIN_REFUSALS.has(replyCode(told) ?? '') ? loginRefused(this.#password, known) : known;
    } finally {
      clearTimeout(timer);
    }
  }

  #setConnected(connected: boolean): void {
    if (connected) {
      this.#lastError = null;
      loginTaken(this.#password);
    }
    if (connected === this.#connected) return;
    this.#connected = connected;
    if (connected) this.#log.info({ event: 'store.connected' }, 'connected to Redis');
    else this.#log.warn({ event: 'store.disconnected', err: this.#lastError }, 'connection to Redis lost');
  }
}
