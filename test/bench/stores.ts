import { Client } from '@elastic/elasticsearch';
import type { Stack } from '@sluice/local-stack';
import { connect, quoteIdentifier } from '@sluice/mysql';
import { Redis } from 'ioredis';
import type { Scope } from '../harness/scope.ts';
import type { SinkName } from './bench-pipeline.ts';

type Sections = Readonly<Record<SinkName, Readonly<Record<string, unknown>>>>;

/** The sections of the sinks that are to be measured, and the end of all that they write into the stores. */
export function sinkSections(
  scope: Scope,
  stack: Stack,
  sinks: readonly SinkName[],
  database: string,
): Sections {
  const sections: Record<SinkName, Readonly<Record<string, unknown>>> = {
    redis: {},
    elasticsearch: {},
    mysql: {},
  };
  const used: Partial<Sections> = Object.fromEntries(sinks.map((sink) => [sink, sections[sink]]));
  if (sinks.includes('redis')) {
    const { url } = stack.redis;
    scope.defer(() => emptyRedis(url, database));
    Object.assign(used, { redis: { url } });
  }
  if (sinks.includes('elasticsearch')) {
    const { node } = stack.elasticsearch;
    scope.defer(() => emptyElasticsearch(node, database));
    Object.assign(used, { elasticsearch: { node } });
  }
  if (sinks.includes('mysql')) {
    const { host, port, user, password } = stack.targetMysql;
    const target = { host, port, user, password };
    scope.defer(() => emptyTarget(target, [database, `${database}_state`]));
    Object.assign(used, { mysql: { ...target, stateDatabase: `${database}_state` } });
  }
  return used as Sections;
}

export async function emptyRedis(url: string, database: string): Promise<void> {
  const redis = new Redis(url);
  try {
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `*${database}*`, 'COUNT', 5000);
      if (keys.length > 0) await redis.unlink(...keys);
      cursor = next;
    } while (cursor !== '0');
  } finally {
    redis.disconnect();
  }
}

async function emptyElasticsearch(node: string, database: string): Promise<void> {
  const client = new Client({ node });
  await client.indices.delete({ index: `${database}.orders`, ignore_unavailable: true });
  await client.close();
}

async function emptyTarget(
  server: { readonly host: string; readonly port: number; readonly user: string; readonly password: string },
  databases: readonly string[],
): Promise<void> {
  const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
  for (const name of databases) await connection.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`);
  await connection.end();
}
