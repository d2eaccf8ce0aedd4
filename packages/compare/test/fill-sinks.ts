import { tableIdOf } from '@sluice/envelope';
import type { MysqlServer, Stack } from '@sluice/local-stack';
import { Redis } from 'ioredis';
import { listTables, readComparedTable } from '../src/compared-table.ts';
import type { ComparedTable } from '../src/compared-table.ts';
import { canonicalValues, openRowConnection, sourceChunks } from '../src/source-rows.ts';

const SEQUENCE = '0010000010000000004';

/** Puts every row of the database into Redis and Elasticsearch by hand, as the sinks would leave it. */
export async function fillSinks(stack: Stack, source: MysqlServer, database: string): Promise<void> {
  const rows = await openRowConnection(source);
  const redis = new Redis(stack.redis.url);
  try {
    for (const name of await listTables(rows.promise, database)) {
      const table = await readComparedTable(rows.promise, name);
      await createIndex(stack, table);
      for await (const chunk of sourceChunks(rows, table, 500)) {
        await fill(
          stack,
          redis,
          table,
          chunk.map((row) => canonicalValues(table.columns, row)),
        );
      }
    }
  } finally {
    await rows.close();
    await redis.quit();
  }
}

async function fill(
  stack: Stack,
  redis: Redis,
  table: ComparedTable,
  rows: readonly (readonly string[])[],
): Promise<void> {
  const pipeline = redis.pipeline();
  const bulk: string[] = [];
  for (const values of rows) {
    const member = (place: number): string =>
      `${JSON.stringify(table.columns[place]?.name)}:${values[place]}`;
    const row = values.map((_, place) => member(place)).join(',');
    const key = table.key.map((place) => keyPart(values[place] ?? '')).join(':');
    pipeline.set(`${tableIdOf(table)}:${key}`, `{"_sequence":"${SEQUENCE}",${row}}`);
    const id = `{${table.key.map(member).join(',')}}`;
    bulk.push(JSON.stringify({ index: { _id: id } }), `{${row},"_sluice":{"sequence":"${SEQUENCE}"}}`);
  }
  await pipeline.exec();
  const answer = await send(stack, 'POST', `${tableIdOf(table)}/_bulk`, `${bulk.join('\n')}\n`);
  if ((answer as { errors: boolean }).errors) throw new Error('Elasticsearch refused a document');
}

async function createIndex(stack: Stack, table: ComparedTable): Promise<void> {
  await fetch(`${stack.elasticsearch.node}/${tableIdOf(table)}`, { method: 'DELETE' });
  await send(stack, 'PUT', tableIdOf(table), JSON.stringify({ mappings: { dynamic: false } }));
}

async function send(stack: Stack, method: string, path: string, body: string): Promise<unknown> {
  const headers = { 'content-type': path.endsWith('_bulk') ? 'application/x-ndjson' : 'application/json' };
  const response = await fetch(`${stack.elasticsearch.node}/${path}`, { method, headers, body });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return response.json();
}

/** As a Redis key of sink-redis has it. */
function keyPart(text: string): string {
  const part = text.startsWith('"') ? String(JSON.parse(text)) : text;
  return part.replace(/[:%{}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
