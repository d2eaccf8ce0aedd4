import type { Connection } from 'mysql2/promise';
import { SeededRandom } from '@sluice/seeded-random';
import {
  CURRENCIES,
  customerRow,
  exchangeRateRow,
  noteCode,
  noteRow,
  orderLineRow,
  orderRow,
  productRow,
} from './shop-rows.ts';
import type { SqlRow } from './shop-rows.ts';
import * as schema from './shop-schema.ts';
import { createShopValues } from './shop-values.ts';

const ROWS_PER_INSERT = 500;

/** How many rows the sample database starts with. Order lines follow from orders: see `linesOfOrder`. */
export interface ShopSizes {
  readonly customers: number;
  readonly products: number;
  readonly orders: number;
  readonly notes: number;
}

export const DEFAULT_SIZES: ShopSizes = { customers: 2000, products: 600, orders: 3000, notes: 600 };

export interface ShopOptions {
  readonly seed: number;
  /** Default: `DEFAULT_SIZES`, about 14,000 rows. */
  readonly sizes?: ShopSizes;
  /** Default: `shop`. */
  readonly database?: string;
}

/** Order `n` of the first rows has the lines 1…linesOfOrder(n). */
export function linesOfOrder(order: number): number {
  return 1 + ((order * 7) % 5);
}

/** What every session that writes demo data needs: UTC instants, and zero dates allowed. */
export const DEMO_SESSION = "SET time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO'";

/**
 * Creates the sample database with its first rows, dropping an older one. Works on MySQL and MariaDB; the same
 * seed and sizes always give the same rows. The connection must be allowed to create databases.
 * @returns the number of rows written
 */
export async function createShop(connection: Connection, options: ShopOptions): Promise<number> {
  const database = connection.escapeId(options.database ?? schema.SHOP_DATABASE);
  await connection.query(DEMO_SESSION);
  await connection.query(`DROP DATABASE IF EXISTS ${database}`);
  await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  await connection.query(`USE ${database}`);
  for (const table of schema.SHOP_TABLES) await connection.query(table.ddl);
  return insertFirstRows(connection, options);
}

/** Into the tables of the session's database, which are empty. @returns the number of rows written */
export async function insertFirstRows(connection: Connection, options: ShopOptions): Promise<number> {
  let rows = 0;
  for (const [table, tableRows] of firstRows(options)) rows += await insertAll(connection, table, tableRows);
  return rows;
}

function* firstRows(options: ShopOptions): Generator<[schema.ShopTable, Iterable<SqlRow>]> {
  const sizes = options.sizes ?? DEFAULT_SIZES;
  const random = new SeededRandom(options.seed);
  const values = createShopValues(options.seed);
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
  yield [schema.CUSTOMERS, numbers(sizes.customers).map((id) => customerRow(random, values, id))];
  yield [schema.PRODUCTS, numbers(sizes.products).map((id) => productRow(random, values, id))];
  const customer = (): number => random.integer(1, sizes.customers);
  yield [schema.ORDERS, numbers(sizes.orders).map((id) => orderRow(random, values, id, customer()))];
  const lines = function* (): Generator<SqlRow> {
    for (const order of numbers(sizes.orders)) {
      for (const line of numbers(linesOfOrder(order))) {
        yield orderLineRow(random, order, line, random.integer(1, sizes.products));
      }
    }
  };
  yield [schema.ORDER_LINES, lines()];
  yield [schema.NOTES, numbers(sizes.notes).map((number) => noteRow(random, values, noteCode(number)))];
  yield [schema.EXCHANGE_RATES, CURRENCIES.map((currency) => exchangeRateRow(random, currency))];
}

async function insertAll(
  connection: Connection,
  table: schema.ShopTable,
  rows: Iterable<SqlRow>,
): Promise<number> {
  const insert = `INSERT INTO ${table.name} (${table.columns.join(', ')}) VALUES ?`;
  let written = 0;
  let batch: SqlRow[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await connection.query(insert, [batch]);
    written += batch.length;
    batch = [];
  };
  for (const row of rows) {
    if (batch.push(row) >= ROWS_PER_INSERT) await flush();
  }
  await flush();
  return written;
}
