import { Client } from '@elastic/elasticsearch';
import { KAFKA_VERSION, type MysqlServer, type Stack } from '@sluice/local-stack';
import { connect, readVersion } from '@sluice/mysql';
import { Redis } from 'ioredis';

/** Versions of the servers beside the source, for a page that says what was seen with them: "Kafka 4.3.1, Redis 7.0.15, …". */
export async function versionsBesideSource(
  stack: Pick<Stack, 'redis' | 'elasticsearch' | 'targetMysql'>,
): Promise<string> {
  const elasticsearch = await elasticsearchVersion(stack.elasticsearch.node);
  const target = await versionOf(stack.targetMysql);
  // Kafka tells nobody its version: it is the one that the stack installs.
  return `Kafka ${KAFKA_VERSION}, Redis ${await redisVersion(stack.redis.url)}, Elasticsearch ${elasticsearch}, target MySQL ${target}`;
}

/** "9.7.4", as the server says it. */
export async function versionOf(server: MysqlServer): Promise<string> {
  const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
  try {
    const { major, minor, patch } = await readVersion(connection);
    return `${major}.${minor}.${patch}`;
  } finally {
    connection.destroy();
  }
}

async function redisVersion(url: string): Promise<string> {
  const redis = new Redis(url);
  try {
    return /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1] ?? 'unknown';
  } finally {
    redis.disconnect();
  }
}

async function elasticsearchVersion(node: string): Promise<string> {
  const client = new Client({ node });
  try {
    // A stack's Elasticsearch has no module for the root page.
    const { nodes } = await client.nodes.info({ node_id: '_local' });
    return Object.values(nodes)[0]?.version ?? 'unknown';
  } finally {
    await client.close();
  }
}
