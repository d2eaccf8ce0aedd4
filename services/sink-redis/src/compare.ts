import { tableIdOf } from '@sluice/envelope';
import type { Redis } from 'ioredis';
import { isExactObject, keyTexts, parseExactJson, rowOfDocument, unreadableRow } from '@sluice/compare';
import type { ComparedRow, ComparedSink, ComparedTable, ExactJson, SinkTable } from '@sluice/compare';
import { PipelineError } from '@sluice/runtime';
import { clientTls, type RedisConfig } from './config.ts';
import { RedisClient } from './redis-client.ts';
import { replyCode, toRedisError } from './redis-errors.ts';

type Settings = Pick<RedisConfig, 'url' | 'keyPrefix' | 'rows' | 'password' | 'tls' | 'format'>;

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
    open: (table) => Promise.resolve(redisTable(client, table, target)),
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

/** The keys of a table's rows: what they look like to SCAN, and how each is told. Nothing of the sink's own code is used. */
interface Keys {
  readonly pattern: string;
  readonly has: (key: string) => boolean;
  readonly of: (values: readonly string[]) => string;
}

function keysOf(table: ComparedTable, keyPrefix: string, template: string | undefined): Keys {
  const head = `${keyPrefix}${encodeName(table.database)}.${encodeName(table.table)}:`;
  if (template === undefined)
    return { pattern: `${escapeGlob(head)}*`, has: () => true, of: (values) => head + redisKeyText(values) };
  const names = table.key.map((place) => table.columns[place]?.name ?? '');
  const parts = template.split(/[{}]/);
  const form = parts.map((part, index) => (index % 2 === 0 ? part.replace(/\W/g, '\\$&') : '[^:{}.]*'));
  const expression = new RegExp(`^${form.join('')}$`);
  return {
    pattern:
      escapeGlob(keyPrefix) + parts.map((part, index) => (index % 2 === 0 ? escapeGlob(part) : '*')).join(''),
    has: (key) => key.startsWith(keyPrefix) && expression.test(key.slice(keyPrefix.length)),
    of: (values) =>
      keyPrefix +
      parts
        .map((part, index) =>
          index % 2 === 0
            ? part
            : redisKeyText([values[names.indexOf(part)] ?? 'null']).replaceAll('.', '%2E'),
        )
        .join(''),
  };
}

function redisTable(client: Redis, table: ComparedTable, { keyPrefix, rows }: Settings): SinkTable {
  const settings = rows[tableIdOf(table)];
  const keys = keysOf(table, keyPrefix, settings?.keyTemplate);
  const identity = (values: readonly (string | undefined)[]): string => keys.of(keyTexts(table, values));
  const storedRows = async (names: readonly string[]): Promise<(ComparedRow | null)[]> => {
    // Not MGET: reading one key is what the account may do (infra/redis/users.acl). All of them are one round trip.
    const texts = await Promise.all(names.map((name) => rowText(client, name)));
    return texts.map((text) => (text === null ? null : rowOfText(table, text)));
  };
  return {
    identity,
    mayExpire: settings?.ttlSeconds !== undefined,
    fetch: (rows) => storedRows(rows.map((row) => identity(row.values))),
    fetchStored: storedRows,
    async *identities() {
      try {
        for await (const found of client.scanStream({ match: keys.pattern, count: SCAN_COUNT }))
          yield* (found as string[]).filter(keys.has);
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

const escapeGlob = (text: string): string => text.replace(/[\\*?[\]]/g, '\\$&');
const encodeName = (name: string): string => encodePart(name).replaceAll('.', '%2E');

/** What would make a key ambiguous, or choose a cluster slot, is percent-encoded. */
function encodePart(part: string): string {
  return part.replace(/[:%{}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
