import { readAccountFacts, readVersion, toPipelineError, type RowDataPacket } from '@sluice/mysql';
import { parseSection } from '@sluice/runtime';
import type { ExamineAccount } from '@sluice/sink-kit';
import { mysqlSinkSchema } from './config.ts';
import { excessRights, readGrants } from './grants.ts';
import { targetPool } from './mysql-driver.ts';

/** What the account may do on the target beside writing rows and tables, and what the server tells of its password and its own certificate. */
export const examineAccount: ExamineAccount = async ({ config, sink }) => {
  const settings = parseSection(config, ['sinks', sink], mysqlSinkSchema);
  const pool = targetPool(settings, `sinks.${sink}`);
  try {
    const connection = await pool.getConnection();
    const { flavour } = await readVersion(connection);
    const facts = await readAccountFacts(connection, flavour);
    const [rows] = await connection.query<RowDataPacket[]>({ sql: 'SHOW GRANTS', rowsAsArray: true });
    const grants = rows.map((row) => String(row[0]));
    return readGrants(grants).isComplete
      ? {
          ...facts,
          excess: excessRights(grants),
          advice: 'an account with the rights of docs/your-servers.md and no others',
        }
      : { ...facts, excess: null, advice: 'a role may bring rights that SHOW GRANTS does not tell' };
  } catch (error) {
    throw toPipelineError(error);
  } finally {
    await pool.end();
  }
};
