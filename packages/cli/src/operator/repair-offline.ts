import { writeFile } from 'node:fs/promises';
import type { SluiceConfig } from '@sluice/runtime';
import { parseTableId } from '@sluice/envelope';
import { CommandFailed } from './command-failed.ts';
import { withComparedPipeline } from './compared-pipeline.ts';
import { importCompare } from './optional-packages.ts';
import type { ReportedRows, RepairResult } from './repair-run.ts';
import { publishedTable } from './running-pipeline.ts';

/** Only who runs the command may read what it writes of rows. */
const OWN_FILE = 0o600;

/**
 * Writes SQL for a person, by source and copies alone: one server, MySQL or MariaDB. Throws CommandFailed for a sink of another kind, and
 * when the file is there already.
 */
export async function repairOffline(
  config: SluiceConfig,
  reported: readonly ReportedRows[],
  sqlFile: string,
): Promise<readonly RepairResult[]> {
  const { copyStatements, openRowConnection, openStore, readRunningTable, SQL_HEAD } = await importCompare(
    () => import('@sluice/compare'),
  );
  return withComparedPipeline(config, true, async ({ server, tables }) => {
    const results: RepairResult[] = [];
    let sql = `-- Run it by: mysql --binary-mode < FILE\n${SQL_HEAD}`;
    const source = await openRowConnection(server);
    try {
      for (const { sink, table: id, rows } of reported) {
        const name = parseTableId(id);
        const plan = tables.find(({ database, table }) => database === name.database && table === name.table);
        if (plan === undefined)
          throw new CommandFailed(`--report: ${id} is not in the source any more: compare again`);
        const { table, remarks } = await readRunningTable(source, publishedTable(plan));
        if (table === null) throw new CommandFailed(`${id} cannot be compared: ${remarks.join('; ')}`);
        const store = await openStore(sink, config.sinks[sink] as object);
        try {
          const opened = await store.open(table);
          const { copy } = opened;
          if (copy === undefined)
            throw new CommandFailed(
              `--offline: sink ${sink} is no server of MySQL or MariaDB: repair it while the pipeline runs`,
            );
          const { fates, sql: text } = await copyStatements(rows, {
            source,
            table,
            rows: { ...opened, copy },
          });
          results.push({ sink, table: id, fates });
          sql += text;
        } finally {
          await store.close();
        }
      }
    } finally {
      await source.close();
    }
    await writeFile(sqlFile, sql, { flag: 'wx', mode: OWN_FILE }).catch((error: unknown) => {
      throw new CommandFailed(`--sql-file: ${sqlFile} is there already, or cannot be written`, {
        cause: error,
      });
    });
    return results;
  });
}
