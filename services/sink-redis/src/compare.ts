import type { Redis } from 'ioredis';
import { isExactObject, keyTexts, parseExactJson, rowOfDocument, unreadableRow } from '@sluice/compare';
import type { ComparedRow, ComparedSink, ComparedTable, ExactJson, SinkTable } from '@sluice/compare';
import { PipelineError } from '@sluice/runtime';
import { clientTls, type RedisConfig } from './config.ts';
import { RedisClient } from './redis-client.ts';
import { replyCode, toRedisError } from './redis-errors.ts';

type Settings = Pick<RedisConfig, 'url' | 'keyPrefix' | 'password' | 'tls' | 'format'>;

const SEQUENCE = '_sequence';
const NONE: ReadonlySet<string> = new Set();
const SCAN_COUNT = 2000;

/** Compares `format: json`: strings that hold one JSON document each. Throws CONFIG_INVALID for another. */
export async function openStore(target: Settings, section: string): Promise<ComparedSink> {
  if (target.format === 'hash') {
    const message = `${section}.format is hash, and only json can be compared: name other sinks by --sink.`;
    throw new PipelineError('CONFIG_INVALID', message);
  }
  const { password } = target;
  const client = new RedisClient(target.url, password, {
    ...clientTls({ url: target.url, tls: target.tls }, section),
    maxRetriesPerRequest: 2,
  });
  // Errors also reject the commands; without a listener they would end the process.
  client.on('error', () => undefined);
  // A password that cannot be read is told here: commands would wait for it.
  if (password !== undefined) await client.connect();
  return {
    open: (table) => Promise.resolve(redisTable(client, table, target.keyPrefix)),
    close: async () => {
      await client.quit().catch(() => client.disconnect());
    },
  };
}

/** Null where there is none, and where the key holds what is no text: no row is in it. Throws a PipelineError with a REDIS_… code. */
export async function rowText(client: Redis, key: string): Promise<string | null> {
  try {
    return await client.get(key);
  } catch (error) {
    if (replyCode(error) === 'WRONGTYPE') return null;
    throw toRedisError(error, 'connection');
  }
}

function redisTable(client: Redis, table: ComparedTable, keyPrefix: string): SinkTable {
  const prefix = `${keyPrefix}${encodeName(table.database)}.${encodeName(table.table)}:`;
  const identity = (values: readonly (string | undefined)[]): string =>
    prefix + redisKeyText(keyTexts(table, values));
  const storedRows = async (keys: readonly string[]): Promise<(ComparedRow | null)[]> => {
    // Not MGET: reading one key is what the account may do (infra/redis/users.acl). All of them are one round trip.
    const texts = await Promise.all(keys.map((key) => rowText(client, key)));
    return texts.map((text) => (text === null ? null : rowOfText(table, text)));
  };
  return {
    identity,
    fetch: (rows) => storedRows(rows.map((row) => identity(row.values))),
    fetchStored: storedRows,
    async *identities() {
      const pattern = `${prefix.replace(/[\\*?[\]]/g, (character) => `\\${character}`)}*`;
      try {
        for await (const keys of client.scanStream({ match: pattern, count: SCAN_COUNT }))
          yield* keys as string[];
      } catch (error) {
        throw toRedisError(error, 'connection');
      }
    },
  };
}

/** What no sink has written is a row without columns. */
function rowOfText(table: ComparedTable, text: string): ComparedRow {
  try {
    return rowOfDocument(table, columnsOf(parseExactJson(text)), NONE) ?? unreadableRow(table);
  } catch (error) {
    if (error instanceof SyntaxError) return unreadableRow(table);
    throw error;
  }
}

/** A stored row without the guard's sequence; columns of such names have one `_` more there. */
export function columnsOf(row: ExactJson): ExactJson {
  if (!isExactObject(row)) return row;
  const columns = Object.entries(row).filter(([name]) => name !== SEQUENCE);
  return Object.fromEntries(columns.map(([name, value]) => [name.replace(/^_(?=_+sequence$)/, ''), value]));
}

/** Canonical texts of a key's values → the last part of the Redis key, `42:3`. */
export function redisKeyText(values: readonly string[]): string {
  return values.map((text) => encodePart(text.startsWith('"') ? String(JSON.parse(text)) : text)).join(':');
}

const encodeName = (name: string): string => encodePart(name).replaceAll('.', '%2E');

/** What would make a key ambiguous, or choose a cluster slot, is percent-encoded. */
function encodePart(part: string): string {
  return part.replace(/[:%{}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
