import { randomBytes } from 'node:crypto';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { StatementLog } from '../support/statement-log.ts';
import { afterStatements } from '../support/statement-model.ts';
import { StatementMaker } from '../support/statement-maker.ts';

/** What capture makes of statements as real servers log them, held against what the servers did. */

const stack = await startStack({ servers: ['mysql', 'mariadb'] });
afterAll(() => stack.stop());
const CASES = Number(process.env['SLUICE_CONFORMANCE_RUNS'] ?? 40);
const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? randomBytes(4).readUInt32LE(0));

async function withLog(server: MysqlServer, work: (log: StatementLog) => Promise<void>): Promise<void> {
  const stem = `st_${randomBytes(4).toString('hex')}`;
  const log = await StatementLog.open(server, [`${stem}_a`, `${stem}_b`]);
  try {
    await work(log);
  } finally {
    await log.close();
  }
}

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('statements about a temporary table are none about the table that it hides', async () => {
    await withLog(server, async (log) => {
      const { session, databases } = log;
      const format = server.flavour === 'mysql' ? 'STATEMENT' : 'MIXED';
      for (const table of ['emptied', 'widened', 'renamed', 'keyless', 'dropped'])
        await log.admin.query(`CREATE TABLE ${databases[0]}.${table} (id INT NOT NULL PRIMARY KEY)`);
      await log.read();
      await session.query(`SET SESSION binlog_format = ${format}`);
      const deeds = [
        'TRUNCATE TABLE emptied',
        'ALTER TABLE widened ADD COLUMN w INT',
        'ALTER TABLE renamed RENAME TO elsewhere',
        'DROP INDEX `PRIMARY` ON keyless',
        'DROP TABLE dropped',
      ];
      for (const deed of deeds) {
        const table = /emptied|widened|renamed|keyless|dropped/u.exec(deed)?.[0] ?? '';
        await session.query(`CREATE TEMPORARY TABLE ${table} (id INT NOT NULL PRIMARY KEY)`);
        await session.query(deed);
      }
      const touched = (await log.read()).filter(
        (statement) => statement.kind !== 'other' && !(statement.kind === 'ddl' && statement.class === null),
      );
      expect(touched).toEqual([]);
      // The same session, and tables that are there for all.
      await session.query('TRUNCATE TABLE dropped');
      await session.query('DROP TABLE dropped');
      expect((await log.read()).map(({ kind }) => kind)).toEqual(['truncate', 'ddl']);
    });
  });

  test(`any statement, in any mode: seed ${SEED}`, { timeout: 60_000 + CASES * 500 }, async () => {
    process.stderr.write(`statements of ${server.flavour}: SLUICE_TEST_SEED=${SEED}, ${CASES} of them\n`);
    await withLog(server, async (log) => {
      const maker = new StatementMaker(SEED, server.flavour, log.databases);
      let carriedOut = 0;
      for (let n = 0; n < CASES; n++) {
        for (const sql of maker.missing(await log.tables())) await log.admin.query(sql);
        await log.read();
        const before = await log.tables();
        const { sql, charset, mode } = maker.next([...before.keys()]);
        await log.session.query(`SET SESSION sql_mode = '${mode}'`);
        const [encoded] = await log.admin.query<never[]>(`SELECT HEX(CONVERT(? USING ${charset})) AS hex`, [
          sql,
        ]);
        const bytes = Buffer.from((encoded as { hex: string }[])[0]?.hex ?? '', 'hex').toString('latin1');
        await log.session.query(`SET NAMES ${charset}`);
        carriedOut += await log.session.query(bytes).then(
          () => 1,
          () => 0,
        );
        const statements = await log.read();
        const what = `seed ${SEED}, statement ${n}, ${charset}, sql_mode ${mode}: ${sql}\n${JSON.stringify(statements)}`;
        const { found, expected } = afterStatements(before, await log.tables(), statements);
        expect({ what, ...found }).toEqual({ what, ...expected });
      }
      expect(carriedOut).toBeGreaterThan(CASES / 2);
    });
  });
});
