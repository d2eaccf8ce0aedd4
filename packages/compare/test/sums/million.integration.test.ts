import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { openRowConnection } from '../../src/source-rows.ts';
import { compareRunning, type CompareScope, type PublishedTable } from '../../src/index.ts';

/** `npm run test:compare` takes a million, and says which rate they are compared at at least (rows in a second). */
const ROWS = Number(process.env['SLUICE_COMPARE_ROWS'] ?? 20_000);
const LEAST_RATE = Number(process.env['SLUICE_COMPARE_LEAST_RATE'] ?? 0);
const INSERTED = 10_000;
const DATABASE = 'compare_million';
const COLUMNS = ['id', 'big', 'amount', 'doc', 'note', 'at', 'seen'];
const TABLE: PublishedTable = {
  database: DATABASE,
  table: 'items',
  columns: COLUMNS.map((name) => ({ source: name, published: name, treatment: '' })),
  keyColumns: ['id'],
  refused: null,
};

const stack = await startStack({ servers: ['mysql', 'target-mysql'] });
afterAll(() => stack.stop());

test(
  'many rows that are equal are added up, and a few that differ are found',
  { timeout: 1_200_000 },
  async () => {
    const [source, target] = [stack.mysql, stack.targetMysql];
    for (const server of [source, target]) {
      const connection = await openRowConnection(server);
      const run = (sql: string) => connection.promise.query(sql);
      await run(`DROP DATABASE IF EXISTS ${DATABASE}`);
      await run(`CREATE DATABASE ${DATABASE}`);
      await run(
        `CREATE TABLE ${DATABASE}.items (id BIGINT NOT NULL PRIMARY KEY, big BIGINT, amount DECIMAL(20,4), doc JSON,
        note VARCHAR(40), at DATETIME(3), seen TIMESTAMP(3) NULL)`,
      );
      for (let first = 0; first < ROWS; first += INSERTED) {
        const rows = Array.from(
          { length: INSERTED },
          (_, index) =>
            `(${first + index}, 9223372036854775807, ${index}.5, '{"n": 10.10}', 'note ${index}', '2026-03-01 12:00:00', '2026-03-01 12:00:00')`,
        );
        await run(`INSERT INTO ${DATABASE}.items VALUES ${rows.join(', ')}`);
      }
      await connection.close();
    }
    const compare = async (keys: CompareScope['keys']) => {
      const { host, port, user, password } = target;
      const startedAt = performance.now();
      const found = await compareRunning({
        takes: () => true,
        source,
        tables: [TABLE],
        sinks: { mysql: { host, port, user, password } },
        scope: { condition: () => null, keys, sample: null },
        rowsPerSecond: 10_000_000,
        applied: () => Promise.resolve(null),
        onProgress: () => undefined,
        signal: AbortSignal.timeout(1_000_000),
      });
      return { found, rate: Math.round((found.rows * 1000) / (performance.now() - startedAt)) };
    };

    const byRow = await compare(['0', '']);
    expect(byRow.found).toMatchObject({ result: 'equal', rows: ROWS });
    const bySum = await compare(null);
    expect(bySum.found).toMatchObject({ result: 'equal', rows: ROWS });
    expect(bySum.rate).toBeGreaterThan(LEAST_RATE);

    const connection = await openRowConnection(target);
    const last = ROWS - 1;
    for (const sql of [
      `UPDATE ${DATABASE}.items SET big = big - 1 WHERE id IN (0, ${ROWS / 2}, ${last})`,
      `DELETE FROM ${DATABASE}.items WHERE id IN (1, ${ROWS / 2 + 1}, ${last - 1})`,
      `INSERT INTO ${DATABASE}.items (id) VALUES (-1), (${ROWS})`,
    ])
      await connection.promise.query(sql);
    const planted = await compare(null);
    expect(planted.found.differences.map(({ kind, key }) => `${kind} ${key?.['id']}`).sort()).toEqual(
      [
        ...[0, ROWS / 2, last].map((id) => `different ${id}`),
        ...[1, ROWS / 2 + 1, last - 1].map((id) => `missing ${id}`),
        ...[-1, ROWS].map((id) => `extra ${id}`),
      ].sort(),
    );
    process.stdout.write(
      `rows/s of ${ROWS} rows: ${byRow.rate} by row, ${bySum.rate} by sums, ${planted.rate} with 8 differences\n`,
    );
    await connection.promise.query(`DROP DATABASE ${DATABASE}`);
    await connection.close();
    const own = await openRowConnection(source);
    await own.promise.query(`DROP DATABASE ${DATABASE}`);
    await own.close();
  },
);
