import { dirname, join } from 'node:path';
import { auditTopic } from '@sluice/envelope';
import type { CapturePipeline } from '../pipelines/capture-pipeline.ts';
import type { ReplicatedSource } from '../histories/replica.ts';

/** All rows of the tables, in the order of their keys. */
export async function rowsOn(
  servers: ReplicatedSource,
  where: 'source' | 'replica',
  name: string,
): Promise<Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>> {
  const tables: Record<string, readonly Readonly<Record<string, unknown>>[]> = {};
  for (const table of ['item', 'pair', 'quiet', 'account', 'login'])
    tables[table] = await servers.on(
      where,
      `SELECT * FROM ${name}.${table} ORDER BY ${table === 'pair' ? '1, 2' : '1'}`,
    );
  return tables;
}

/** The old master's binlog files on disk, the oldest first. */
export async function binlogPaths(servers: ReplicatedSource): Promise<string[]> {
  const [place] = await servers.on('source', 'SELECT @@log_bin_basename AS base');
  const files = await servers.on('source', 'SHOW BINARY LOGS');
  return files.map((row) => join(dirname(String(place?.['base'])), String(row['Log_name'])));
}

/** What the audit topic has: each route with its result. */
export async function auditedRoutes({ reader, name }: CapturePipeline): Promise<string[]> {
  const routes: string[] = [];
  await reader.readTopic(auditTopic(name), {}, ({ value }) => {
    const { payload } = JSON.parse(String(value)) as { readonly payload: Readonly<Record<string, unknown>> };
    routes.push(`${String(payload['route'])} ${String(payload['result'])}`);
  });
  return routes;
}
