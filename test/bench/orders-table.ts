import type { Connection } from '@sluice/mysql';
import type { SourceDatabase } from '../harness/pipelines/source-database.ts';

/** Ten columns, about 300 bytes a row. */
export const ORDERS_TABLE = `CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL PRIMARY KEY AUTO_INCREMENT, customer_id INT NOT NULL, sku VARCHAR(40) NOT NULL,
  quantity INT NOT NULL, price DECIMAL(12,2) NOT NULL, status ENUM('new','paid','shipped') NOT NULL,
  note VARCHAR(200), created_at DATETIME(6) NOT NULL, updated_at TIMESTAMP(6) NULL, flag TINYINT NOT NULL)`;

const COLUMNS = '(customer_id, sku, quantity, price, status, note, created_at, updated_at, flag)';
const LOREM = 'lorem ipsum dolor sit amet consectetur '.repeat(3);
const ROWS_PER_TRANSACTION = 100;
const BULK_CONNECTIONS = 4;
const SINGLE_CONNECTIONS = 8;

/** How many rows were changed in which way. */
export interface Written {
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
}

/** The `VALUES` of the row with number `n`; half of its text differs from row to row. */
function rowSql(n: number): string {
  const noise = ((n * 2_654_435_761) >>> 0).toString(36).repeat(4);
  return `(${n % 5000}, 'SKU-${n % 9973}-ABCDEF', ${n % 9}, ${n % 10_000}.${10 + (n % 90)}, 'new', 'order ${n} ${noise} ${LOREM}', NOW(6), NOW(6), 1)`;
}

export function insertSql(first: number, count: number): string {
  const rows = Array.from({ length: count }, (_, i) => rowSql(first + i));
  return `INSERT INTO orders ${COLUMNS} VALUES ${rows.join(',')}`;
}

/** Inserts one row; answers its id. */
export async function insertOne(connection: Connection, n: number): Promise<number> {
  const [result] = await connection.query(insertSql(n, 1));
  return (result as { insertId: number }).insertId;
}

/** Writes `rows` rows in transactions of 100. */
export async function writeBulk(database: SourceDatabase, rows: number): Promise<Written> {
  let next = 0;
  await onConnections(database, BULK_CONNECTIONS, async (connection) => {
    while (next < rows) {
      const first = next;
      next = Math.min(rows, first + ROWS_PER_TRANSACTION);
      await connection.query(insertSql(first, next - first));
    }
  });
  return { inserts: rows, updates: 0, deletes: 0 };
}

/** Of ten single-row transactions six insert, three update and one deletes a row that this call has inserted. */
export async function writeSingles(database: SourceDatabase, transactions: number): Promise<Written> {
  const written = { inserts: 0, updates: 0, deletes: 0 };
  let next = 0;
  await onConnections(database, SINGLE_CONNECTIONS, async (connection) => {
    const ids: number[] = [];
    let oldest = 0;
    for (let turn = 0; next++ < transactions; turn = (turn + 1) % 10) {
      const some = ids[oldest + ((turn * 7919) % Math.max(1, ids.length - oldest))] ?? 0;
      if (turn < 6) {
        ids.push(await insertOne(connection, next));
        written.inserts++;
      } else if (turn < 9) {
        await connection.query(
          `UPDATE orders SET quantity = quantity + 1, updated_at = NOW(6) WHERE id = ${some}`,
        );
        written.updates++;
      } else {
        await connection.query(`DELETE FROM orders WHERE id = ${ids[oldest++] ?? 0}`);
        written.deletes++;
      }
    }
  });
  return written;
}

async function onConnections(
  database: SourceDatabase,
  count: number,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connections = await Promise.all(Array.from({ length: count }, () => database.connect()));
  await Promise.all(connections.map(work));
  for (const connection of connections) connection.destroy();
}
