import { setTimeout as delay } from 'node:timers/promises';
import { describeMysqlError, type Connection } from '@sluice/mysql';
import type { SeededRandom } from '@sluice/seeded-random';

/** Of a table whose rows lanes share, each with keys of its own; the unique values are everybody's. */
export const LANE_COLUMNS =
  'id INT NOT NULL PRIMARY KEY, name VARCHAR(40), total DECIMAL(12,2), n BIGINT, u INT, UNIQUE KEY (u)';
export const LANE_IDS = 12;

const UNIQUE_VALUES = 40;
/** So that comparisons come in between. */
const PAUSE_MS = 1000;
/** ER_DUP_ENTRY: another row has the unique value, or the key that a row was to get; ER_LOCK_DEADLOCK. Nothing has changed then. */
const WITHOUT_EFFECT = [1062, 1213];
const TRUNCATES = 0.01;

/** Random changes of the rows of one lane, one after the other, each committed by itself. */
export async function playLane(
  connection: Connection,
  random: SeededRandom,
  { table, lane, changes }: { readonly table: string; readonly lane: number; readonly changes: number },
): Promise<void> {
  for (let change = 0; change < changes; change += 1) {
    await delay(random.below(PAUSE_MS));
    await connection.query(statement(table, lane, random)).catch(unlessWithoutEffect);
  }
}

function unlessWithoutEffect(error: unknown): void {
  const { errno } = describeMysqlError(error);
  if (errno === null || !WITHOUT_EFFECT.includes(errno)) throw error;
}

function statement(table: string, lane: number, random: SeededRandom): string {
  const id = (): number => lane * LANE_IDS + random.below(LANE_IDS);
  const unique = (): string => (random.chance(0.5) ? 'NULL' : String(random.below(UNIQUE_VALUES)));
  const row = `'n${random.below(1e6)}', ${random.below(1e6)}.${random.integer(10, 99)}, ${9_007_199_254_740_990n + BigInt(random.below(100))}, ${unique()}`;
  if (random.chance(TRUNCATES)) return `TRUNCATE TABLE ${table}`;
  return random.pick([
    `INSERT INTO ${table} VALUES (${id()}, ${row})`,
    `INSERT INTO ${table} VALUES (${id()}, ${row}) ON DUPLICATE KEY UPDATE name = VALUES(name)`,
    `REPLACE INTO ${table} VALUES (${id()}, ${row})`,
    `UPDATE ${table} SET name = CONCAT(LEFT(name, 20), 'x'), u = ${unique()} WHERE id = ${id()}`,
    `UPDATE ${table} SET total = total + 0.01 WHERE id BETWEEN ${lane * LANE_IDS} AND ${id()}`,
    `UPDATE ${table} SET id = ${id()} WHERE id = ${id()}`,
    `DELETE FROM ${table} WHERE id = ${id()}`,
  ]);
}
