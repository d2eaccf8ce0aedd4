import { randomUUID } from 'node:crypto';
import type { Row } from '@sluice/envelope';
import { createLogger, Registry } from '@sluice/runtime';
import type { Sink } from '@sluice/sink-kit';
import { Redis } from 'ioredis';
import { redisConfigSchema, type RedisConfig } from '../src/config.ts';
import { markerKey } from '../src/redis-mapper.ts';
import { redisSink } from '../src/redis-sink.ts';
import { RowKeys } from '../src/row-keys.ts';

export interface TestRedis {
  readonly sink: Sink;
  readonly client: Redis;
  /** Another process of the same sink, before `open`. */
  readonly another: (prefix?: string, named?: string, rows?: RedisConfig['rows']) => Sink;
  readonly group: string;
  readonly key: (database: string, table: string, key: Row) => string;
  /** Deletes what the sink wrote. */
  close(): Promise<void>;
}

export interface TestRedisOptions {
  readonly format?: 'json' | 'hash';
  readonly hasProgress?: boolean;
  readonly timeoutMs?: number;
  readonly rows?: RedisConfig['rows'];
  /** What the store says of itself. */
  readonly marker?: string;
  /** Default: one that no other has. */
  readonly keyPrefix?: string;
  /** Hears of every log line of the sink. */
  readonly onLog?: (line: string) => unknown;
}

/** A sink with key prefix and group of its own, and a plain client beside it. */
export function testRedis(url: string, options: TestRedisOptions = {}): TestRedis {
  const keyPrefix = options.keyPrefix ?? `${randomUUID()}/`;
  const group = `test.${randomUUID()}`;
  const { format = 'json', timeoutMs = 5000, rows: ownRows = {}, onLog } = options;
  const keys = new RowKeys({ keyPrefix, rows: ownRows }, 'sinks.redis');
  const client = new Redis(url);
  client.on('error', () => undefined);
  /** @param prefix of the topics: another one is another pipeline; `named` as of a sink that is not called by its type */
  const create = (prefix = 'test', named: string | null = null, rows = ownRows): Sink =>
    redisSink.create(redisConfigSchema.parse({ url, keyPrefix, format, timeoutMs, rows }), {
      pipeline: 'test',
      name: 'redis',
      section: 'sinks.redis',
      named,
      prefix,
      group,
      tombstoneLifeMs: 37 * 86_400_000,
      sourceTables: [],
      hasProgress: async () => options.hasProgress ?? false,
      log:
        onLog === undefined
          ? createLogger('test', { level: 'silent' })
          : createLogger('test', { level: 'info' }, { write: (line) => void onLog(line) }),
      registry: new Registry(),
    });
  return {
    sink: create(),
    another: create,
    client,
    group,
    key: (database, table, key) => keys.of({ database, table }).rowKey(key, JSON.stringify(key)),
    close: async () => {
      const written = [
        ...(await client.keys(`*${keyPrefix}*`)),
        ...(await client.keys(`sluice:*:${group}:*`)),
      ];
      await client.del(markerKey(group), ...written);
      client.disconnect();
    },
  };
}
