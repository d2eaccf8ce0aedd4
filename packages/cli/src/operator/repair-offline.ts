import type * as ComparePackage from '@sluice/compare';
import type { SluiceConfig } from '@sluice/runtime';
import type { TablePlan } from '@sluice/ops-api';
import { parseTableId } from '@sluice/envelope';
import { CommandFailed } from './command-failed.ts';
import { withComparedPipeline } from './compared-pipeline.ts';
import { NewFiles } from './new-files.ts';
import { importCompare } from './optional-packages.ts';
import type { ReportedRows, RepairResult } from './repair-run.ts';
import { publishedTable } from './running-pipeline.ts';

type Compare = typeof ComparePackage;

/** What statements are made by. */
interface OfflineParts {
  readonly config: SluiceConfig;
  readonly compare: Compare;
  readonly source: Awaited<ReturnType<Compare['openRowConnection']>>;
  readonly tables: readonly TablePlan[];
}

/**
 * Writes SQL for a person, by source and copies alone: one server, MySQL or MariaDB. Throws CommandFailed for a sink of another kind, and
 * when the file is there already.
 */
export async function repairOffline(
  config: SluiceConfig,
  reported: readonly ReportedRows[],
  sqlFile: string,
): Promise<readonly RepairResult[]> {
  const compare = await importCompare(() => import('@sluice/compare'));
  return withComparedPipeline(config, true, async ({ server, tables }) => {
    const results: RepairResult[] = [];
    let text = `-- Run it by: mysql --binary-mode < FILE\n${compare.SQL_FILE_HEAD}`;
    const source = await compare.openRowConnection(server);
    try {
      for (const some of reported) {
        const { fates, sql } = await statementsFor(some, { config, compare, source, tables });
        results.push({ sink: some.sink, table: some.table, fates });
        text += sql;
      }
    } finally {
      await source.close();
    }
    await write(sqlFile, text);
    return results;
  });
}

async function statementsFor(
  { sink, table: id, rows }: ReportedRows,
  { config, compare, source, tables }: OfflineParts,
): ReturnType<Compare['copyStatements']> {
  const name = parseTableId(id);
  const plan = tables.find(({ database, table }) => database === name.database && table === name.table);
  if (plan === undefined)
    throw new CommandFailed(`--report: ${id} is not in the source any more: compare again`);
  const { table, remarks } = await compare.readRunningTable(source, publishedTable(plan));
  if (table === null) throw new CommandFailed(`${id} cannot be compared: ${remarks.join('; ')}`);
  const store = await compare.openStore(sink, config.sinks[sink] as object);
  try {
    const opened = await store.open(table);
    const { copy } = opened;
    if (copy === undefined)
      throw new CommandFailed(
        `--offline: sink ${sink} is no server of MySQL or MariaDB: repair it while the pipeline runs`,
      );
    return await compare.copyStatements(rows, { source, table, rows: { ...opened, copy } });
  } finally {
    await store.close();
  }
}

function write(sqlFile: string, text: string): Promise<void> {
  return NewFiles.during(async (files) => files.open('sql-file', sqlFile)(text));
}
