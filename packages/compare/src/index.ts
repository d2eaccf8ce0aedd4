import { tableIdOf, type TableName } from '@sluice/envelope';
import { ComparisonTally, IdentitySet } from './compare-rows.ts';
import type { SinkComparison, SinkName } from './compare-rows.ts';
import { readComparedTable } from './compared-table.ts';
import type { ComparedTable } from './compared-table.ts';
import { openElasticsearch } from './elasticsearch-rows.ts';
import type { ElasticsearchTarget } from './elasticsearch-rows.ts';
import { openTargetMysql } from './mysql-rows.ts';
import type { MysqlTarget } from './mysql-rows.ts';
import { openRedis } from './redis-rows.ts';
import type { RedisTarget } from './redis-rows.ts';
import type { ComparedSink, SinkTable, SourceRow } from './sink-table.ts';
import { canonicalValues, openRowConnection, sourceChunks } from './source-rows.ts';
import type { MysqlAddress, RowConnection, ServerRow } from './source-rows.ts';

export { describeDifference, type Difference, type SinkComparison, type SinkName } from './compare-rows.ts';
export { listTables } from './compared-table.ts';
export type { ElasticsearchTarget } from './elasticsearch-rows.ts';
export type { MysqlTarget } from './mysql-rows.ts';
export type { RedisTarget } from './redis-rows.ts';
export type { MysqlAddress } from './source-rows.ts';

export interface CompareOptions {
  readonly source: MysqlAddress;
  readonly tables: readonly TableName[];
  readonly redis?: RedisTarget;
  readonly elasticsearch?: ElasticsearchTarget;
  readonly mysql?: MysqlTarget;
  /** `database.table` → key columns, for tables without a primary key. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  /** Rows read and looked up at once; default 1,000. */
  readonly chunkRows?: number;
  readonly onTable?: (table: string, rows: number) => void;
  readonly signal?: AbortSignal;
}

export interface Comparison {
  /** Rows of all tables in the source. */
  readonly rows: number;
  /** One entry for each sink that was given. */
  readonly sinks: Readonly<Partial<Record<SinkName, SinkComparison>>>;
}

interface OpenSink {
  readonly name: SinkName;
  readonly sink: ComparedSink;
  readonly tally: ComparisonTally;
}

/**
 * Reads every row of the tables from the source and looks it up in each sink, value by value; then goes through all
 * rows of the sinks for those that the source has not. The source must be quiet and the sinks caught up: a row on
 * its way counts as a difference. Memory: one chunk, and 8 bytes per row and sink.
 * Throws when a server does not answer or a table has no key; never for a difference.
 */
export async function compareSinks(options: CompareOptions): Promise<Comparison> {
  const sinks: OpenSink[] = [];
  const source = await openRowConnection(options.source);
  try {
    for (const [name, opening] of openings(options)) {
      sinks.push({ name, sink: await opening(), tally: new ComparisonTally(name) });
    }
    let rows = 0;
    for (const name of options.tables) {
      const table = await readComparedTable(source.promise, name, options.keys?.[tableIdOf(name)]);
      const tableRows = await compareTable(source, table, sinks, options);
      options.onTable?.(tableIdOf(name), tableRows);
      rows += tableRows;
    }
    return { rows, sinks: Object.fromEntries(sinks.map(({ name, tally }) => [name, tally.result()])) };
  } finally {
    await Promise.allSettled([source.close(), ...sinks.map(({ sink }) => sink.close())]);
  }
}

function openings(options: CompareOptions): [SinkName, () => Promise<ComparedSink>][] {
  const { redis, elasticsearch, mysql } = options;
  return [
    ...(redis ? [['redis', () => openRedis(redis)] as [SinkName, () => Promise<ComparedSink>]] : []),
    ...(elasticsearch
      ? [['elasticsearch', () => openElasticsearch(elasticsearch)] as [SinkName, () => Promise<ComparedSink>]]
      : []),
    ...(mysql ? [['mysql', () => openTargetMysql(mysql)] as [SinkName, () => Promise<ComparedSink>]] : []),
  ];
}

interface OpenTable {
  readonly tally: ComparisonTally;
  readonly rows: SinkTable;
  readonly seen: IdentitySet;
}

async function compareTable(
  source: RowConnection,
  table: ComparedTable,
  sinks: readonly OpenSink[],
  options: CompareOptions,
): Promise<number> {
  const open = sinks.map(async ({ sink, tally }) => ({
    tally,
    rows: await sink.open(table),
    seen: new IdentitySet(),
  }));
  const sinkTables = await Promise.all(open);
  let count = 0;
  for await (const chunk of sourceChunks(source, table, options.chunkRows ?? 1000)) {
    options.signal?.throwIfAborted();
    const rows = chunk.map((row) => sourceRow(table, row));
    await Promise.all(sinkTables.map((sinkTable) => compareChunk(table, rows, sinkTable)));
    count += rows.length;
  }
  await Promise.all(sinkTables.map((sinkTable) => findExtraRows(table, sinkTable)));
  return count;
}

function sourceRow(table: ComparedTable, row: ServerRow): SourceRow {
  const keyLiterals = table.key.map((place) => {
    const text = row[place] ?? null;
    return text === null ? 'NULL' : (table.columns[place]?.kind.literal(text) ?? text);
  });
  return { values: canonicalValues(table.columns, row), keyLiterals };
}

async function compareChunk(
  table: ComparedTable,
  rows: readonly SourceRow[],
  sink: OpenTable,
): Promise<void> {
  const found = await sink.rows.fetch(rows);
  for (const [index, row] of rows.entries()) {
    const identity = sink.rows.identity(row.values);
    sink.seen.add(identity);
    sink.tally.compare(table, identity, row.values, found[index] ?? null);
  }
}

async function findExtraRows(table: ComparedTable, sink: OpenTable): Promise<void> {
  const counted = new Set<string>();
  for await (const identity of sink.rows.identities()) {
    if (sink.seen.has(identity) || counted.has(identity)) continue;
    counted.add(identity);
    sink.tally.extra(table, identity);
  }
}
