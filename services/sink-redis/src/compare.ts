import { Redis } from 'ioredis';
import { isExactObject, keyTexts, parseExactJson, rowOfDocument } from '@sluice/compare';
import type { ComparedSink, ComparedTable, ExactJson, SinkTable } from '@sluice/compare';
import { clientTls, type RedisConfig } from './config.ts';

type Settings = Pick<RedisConfig, 'url'> & Partial<Pick<RedisConfig, 'keyPrefix' | 'tls'>>;

const SEQUENCE = '_sequence';
const NONE: ReadonlySet<string> = new Set();
const SCAN_COUNT = 2000;

/** Compares `format: json`: strings that hold one JSON document each. */
export function openStore(target: Settings): Promise<ComparedSink> {
  const client = new Redis(target.url, {
    ...clientTls({ url: target.url, tls: target.tls }),
    maxRetriesPerRequest: 2,
  });
  // Errors also reject the commands; without a listener they would end the process.
  client.on('error', () => undefined);
  const sink: ComparedSink = {
    open: (table) => Promise.resolve(redisTable(client, table, target.keyPrefix ?? '')),
    close: async () => {
      await client.quit().catch(() => client.disconnect());
    },
  };
  return Promise.resolve(sink);
}

function redisTable(client: Redis, table: ComparedTable, keyPrefix: string): SinkTable {
  const prefix = `${keyPrefix}${encodeName(table.database)}.${encodeName(table.table)}:`;
  const identity = (values: readonly (string | undefined)[]): string =>
    prefix + redisKeyText(keyTexts(table, values));
  return {
    identity,
    async fetch(rows) {
      const texts = await client.mget(rows.map((row) => identity(row.values)));
      return texts.map((text) =>
        text === null ? null : rowOfDocument(table, columnsOf(parseExactJson(text)), NONE),
      );
    },
    async *identities() {
      const pattern = `${prefix.replace(/[\\*?[\]]/g, (character) => `\\${character}`)}*`;
      for await (const keys of client.scanStream({ match: pattern, count: SCAN_COUNT }))
        yield* keys as string[];
    },
  };
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
