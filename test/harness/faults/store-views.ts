import { Client } from '@elastic/elasticsearch';
import type { Stack } from '@sluice/local-stack';
import { Redis } from 'ioredis';
import type { SinkName } from '../pipelines/sink-pipeline.ts';
import { Session } from './session.ts';

export interface StoredRow {
  readonly sequence: string;
  /** False for what the store keeps of a deleted row. */
  readonly isThere: boolean;
}

/** What a store holds of a table's rows with an `id`, read past every proxy. Throws while the store does not answer. */
export interface StoreView {
  /** Without those of which the store knows nothing. */
  read(table: string, ids: readonly number[]): Promise<ReadonlyMap<number, StoredRow>>;
  close(): Promise<void>;
}

export const TARGET_SUFFIX = '_copy';
const ANSWER_TIMEOUT_MS = 2000;

export function openViews(stack: Stack, database: string): Readonly<Record<SinkName, StoreView>> {
  return {
    redis: redisView(stack.redis.url, database),
    elasticsearch: elasticsearchView(stack.elasticsearch.node, database),
    mysql: mysqlView(stack, database),
  };
}

export function indexPrefix(database: string): string {
  return `${database}-`;
}

function redisView(url: string, database: string): StoreView {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, commandTimeout: ANSWER_TIMEOUT_MS });
  redis.on('error', () => undefined);
  return {
    read: async (table, ids) => {
      if (ids.length === 0) return new Map();
      const keys = ids.map((id) => `${database}.${table}:${id}`);
      const texts = await redis.mget([...keys, ...keys.map((key) => `sluice:{${key}}`)]);
      return rowsOf(ids, (place) => {
        const [row, tombstone] = [texts[place], texts[ids.length + place]];
        if (typeof row === 'string') return { sequence: firstSequence(row), isThere: true };
        return typeof tombstone === 'string' ? { sequence: tombstone, isThere: false } : null;
      });
    },
    close: async () => redis.disconnect(),
  };
}

/** `{"_sequence":"<19 digits>",…` */
function firstSequence(row: string): string {
  return /^\{"_sequence":"(\d{19})"/.exec(row)?.[1] ?? '';
}

interface Document {
  readonly _sluice: { readonly sequence: string; readonly deleted?: boolean };
}

function elasticsearchView(node: string, database: string): StoreView {
  const client = new Client({ node, maxRetries: 0, requestTimeout: ANSWER_TIMEOUT_MS });
  return {
    read: async (table, ids) => {
      if (ids.length === 0) return new Map();
      const index = `${indexPrefix(database)}${database}.${table}`;
      const { docs } = await client.mget<Document>({ index, ids: ids.map((id) => `{"id":${id}}`) });
      return rowsOf(ids, (place) => {
        const document = docs[place];
        const source =
          document !== undefined && '_source' in document ? document._source?._sluice : undefined;
        return source === undefined
          ? null
          : { sequence: String(source.sequence), isThere: source.deleted !== true };
      });
    },
    close: () => client.close(),
  };
}

/** A deleted row leaves only a digest of its key, so it is nothing here. */
function mysqlView({ targetMysql }: Stack, database: string): StoreView {
  const session = new Session(targetMysql);
  return {
    read: async (table, ids) => {
      if (ids.length === 0) return new Map();
      const rows = await session.rows(
        `SELECT id, LPAD(_sluice_sequence, 19, '0') AS sequence FROM \`${database}${TARGET_SUFFIX}\`.\`${table}\` WHERE id IN (${ids.join(', ')})`,
      );
      return new Map(
        rows.map((row) => [Number(row['id']), { sequence: String(row['sequence']), isThere: true }]),
      );
    },
    close: async () => session.close(),
  };
}

function rowsOf(ids: readonly number[], at: (place: number) => StoredRow | null): Map<number, StoredRow> {
  const entries = ids.flatMap((id, place): [number, StoredRow][] => {
    const row = at(place);
    return row === null ? [] : [[id, row]];
  });
  return new Map(entries);
}
