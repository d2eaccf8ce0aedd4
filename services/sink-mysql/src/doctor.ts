import { toPipelineError, type RowDataPacket } from '@sluice/mysql';
import { aheadOfUsMs, clockProblem, parseSection } from '@sluice/runtime';
import type { ExamineStore } from '@sluice/sink-kit';
import { selectionOf } from '@sluice/sink-kit/selection';
import { mysqlSinkSchema } from './config.ts';
import { formerNameProblems } from './former-name-problems.ts';
import { targetPool } from './mysql-driver.ts';
import { targetNameProblems, targetProblems } from './preflight.ts';

export { examineAccount } from './examine-account.ts';

/** Login, the rights on every target database that the settings tell, also those without which tables only cannot be altered, names of tables, and the clock. */
export const examineStore: ExamineStore = async ({ config, sink }) => {
  const settings = parseSection(config, ['sinks', sink], mysqlSinkSchema);
  const section = `sinks.${sink}`;
  const pool = targetPool(settings, section);
  try {
    const connection = await pool.getConnection();
    const selection = selectionOf(config, sink);
    const about = { section, sourceTables: selection.patterns };
    const { lacking, limited } = await targetProblems(connection, settings, about);
    const names = [
      ...targetNameProblems(settings, about),
      ...(await formerNameProblems(connection, settings, { config, sink, selection })),
    ];
    const aheadMs = await aheadOfUsMs(async () => {
      const [rows] = await connection.query<RowDataPacket[]>('SELECT UNIX_TIMESTAMP(SYSDATE(6)) AS seconds');
      return Number(rows[0]?.['seconds']) * 1000;
    });
    const clock = clockProblem({ of: 'the target', aheadMs });
    return [...lacking, ...limited, ...names, ...(clock === null ? [] : [clock])];
  } catch (error) {
    throw toPipelineError(error);
  } finally {
    await pool.end();
  }
};
