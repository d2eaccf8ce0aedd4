import { toPipelineError } from '@sluice/mysql';
import { parseSection } from '@sluice/runtime';
import type { ExamineStore } from '@sluice/sink-kit';
import { selectionOf } from '@sluice/sink-kit/selection';
import { mysqlSinkSchema } from './config.ts';
import { targetPool } from './mysql-driver.ts';
import { targetProblems } from './preflight.ts';

/** Login, and the rights on every target database that the settings tell; also those without which tables only cannot be altered. */
export const examineStore: ExamineStore = async ({ config, sink }) => {
  const settings = parseSection(config, ['sinks', sink], mysqlSinkSchema);
  const section = `sinks.${sink}`;
  const pool = targetPool(settings, section);
  try {
    const connection = await pool.getConnection();
    const about = { section, sourceTables: selectionOf(config, sink).patterns };
    const { lacking, limited } = await targetProblems(connection, settings, about);
    return [...lacking, ...limited];
  } catch (error) {
    throw toPipelineError(error);
  } finally {
    await pool.end();
  }
};
