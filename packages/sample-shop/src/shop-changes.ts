import { deleteRows, insertRows, keyIs, lineIs, updateRows } from './changes.ts';
import type { Change } from './changes.ts';
import type { LiveKeys } from './live-keys.ts';
import type { SeededRandom } from '@sluice/seeded-random';
import * as rows from './shop-rows.ts';
import * as schema from './shop-schema.ts';
import type { ShopValues } from './shop-values.ts';

export interface ShopWriter {
  readonly random: SeededRandom;
  readonly values: ShopValues;
  readonly keys: LiveKeys;
}

/** Gives the statements of one piece of business, changing at most `budget` rows; none when it does not fit. */
export type Business = (writer: ShopWriter, budget: number) => readonly Change[];

const several = (random: SeededRandom, budget: number): number => random.integer(1, Math.min(budget, 12));

const addCustomers: Business = ({ random, values, keys }, budget) => {
  if (keys.customers.isFull) return [];
  const ids = Array.from({ length: several(random, budget) }, () => keys.fresh());
  for (const id of ids) keys.customers.add(id);
  return [
    insertRows(
      schema.CUSTOMERS,
      ids.map((id) => rows.customerRow(random, values, id)),
    ),
  ];
};

const changeCustomers: Business = ({ random, values, keys }, budget) => {
  const ids = keys.customers.pickSome(random, several(random, budget));
  const news = {
    city: random.pick(values.cities),
    tier: random.pick(['none', 'silver', 'gold']),
    credit: rows.decimalText(random, 10, 2),
    changed_at: rows.momentText(random, 6),
  };
  return ids.length === 0 ? [] : [updateRows(schema.CUSTOMERS, news, keyIs('id', ids))];
};

const removeCustomers: Business = ({ random, keys }, budget) => {
  if (keys.customers.isLow) return [];
  const ids = keys.customers.pickSome(random, several(random, budget));
  for (const id of ids) keys.customers.remove(id);
  return ids.length === 0 ? [] : [deleteRows(schema.CUSTOMERS, keyIs('id', ids))];
};

const changeProducts: Business = ({ random, values, keys }, budget) => {
  const ids = keys.products.pickSome(random, several(random, budget));
  const news = {
    price: `${random.integer(0, 999)}.${random.integer(10, 99)}`,
    stock: random.integer(-20, 5000),
    attributes: random.chance(0.2) ? null : random.pick(values.documents),
  };
  return ids.length === 0 ? [] : [updateRows(schema.PRODUCTS, news, keyIs('id', ids))];
};

/** Two products exchange a unique value: a sink that writes them one after the other meets a duplicate. */
const swapSkus: Business = ({ random, keys }, budget) => {
  const [left, right] = keys.products.pickSome(random, 2);
  if (budget < 3 || left === undefined || right === undefined) return [];
  const skuOf = (id: number): string => `(SELECT sku FROM products WHERE id = ${id})`;
  return [
    { sql: `SET @left = ${skuOf(left)}, @right = ${skuOf(right)}`, rows: 0 },
    updateRows(schema.PRODUCTS, { sku: `swap-${left}` }, keyIs('id', [left])),
    { sql: `UPDATE products SET sku = @left, revision = revision + 1 WHERE id = ${right}`, rows: 1 },
    { sql: `UPDATE products SET sku = @right, revision = revision + 1 WHERE id = ${left}`, rows: 1 },
  ];
};

const placeOrder: Business = ({ random, values, keys }, budget) => {
  if (budget < 2 || keys.orders.isFull) return [];
  const id = keys.fresh();
  const lines = Array.from({ length: random.integer(1, Math.min(budget - 1, 8)) }, (_, index) => index + 1);
  keys.orders.add(id);
  keys.lines.set(id, lines);
  const details = lines.map((line) => rows.orderLineRow(random, id, line, random.integer(1, 500)));
  return [
    insertRows(schema.ORDERS, [rows.orderRow(random, values, id, random.integer(1, 2000))]),
    insertRows(schema.ORDER_LINES, details),
  ];
};

const changeOrders: Business = ({ random, values, keys }, budget) => {
  const ids = keys.orders.pickSome(random, several(random, budget));
  const news = {
    status: random.pick(rows.ORDER_STATES),
    paid_at: random.chance(0.3) ? null : rows.momentText(random, 3),
    remark: random.pick(values.remarks),
  };
  return ids.length === 0 ? [] : [updateRows(schema.ORDERS, news, keyIs('id', ids))];
};

const cancelOrder: Business = ({ random, keys }, budget) => {
  if (keys.orders.isLow) return [];
  const [id] = keys.orders.pickSome(random, 1);
  const lines = id === undefined ? undefined : keys.lines.get(id);
  if (id === undefined || lines === undefined || lines.length + 1 > budget) return [];
  keys.orders.remove(id);
  keys.lines.delete(id);
  const orderGone = deleteRows(schema.ORDERS, keyIs('id', [id]));
  return lines.length === 0 ? [orderGone] : [deleteRows(schema.ORDER_LINES, lineIs(id, lines)), orderGone];
};

/** A change of one column of a two-column key. */
const moveLine: Business = ({ random, keys }) => {
  const [id] = keys.orders.pickSome(random, 1);
  const lines = id === undefined ? undefined : keys.lines.get(id);
  const from = lines?.at(-1);
  if (id === undefined || lines === undefined || from === undefined) return [];
  const to = from + random.integer(1, 3);
  lines.splice(-1, 1, to);
  return [updateRows(schema.ORDER_LINES, { line: to }, lineIs(id, [from]))];
};

const changeLines: Business = ({ random, keys }, budget) => {
  const [id] = keys.orders.pickSome(random, 1);
  const lines = (id === undefined ? undefined : keys.lines.get(id))?.slice(0, budget) ?? [];
  if (id === undefined || lines.length === 0) return [];
  return [updateRows(schema.ORDER_LINES, { quantity: random.integer(-5, 900) }, lineIs(id, lines))];
};

const writeNotes: Business = ({ random, values, keys }, budget) => {
  if (keys.notes.isFull) return [];
  const codes = Array.from({ length: several(random, budget) }, () => rows.noteCode(keys.fresh()));
  for (const code of codes) keys.notes.add(code);
  return [
    insertRows(
      schema.NOTES,
      codes.map((code) => rows.noteRow(random, values, code)),
    ),
  ];
};

const editNotes: Business = ({ random, values, keys }, budget) => {
  const codes = keys.notes.pickSome(random, several(random, budget));
  const { language, text } = random.pick(values.bodies);
  const news = {
    language,
    body: text,
    document: random.pick(values.documents),
    attachment: random.bytes(40),
  };
  return codes.length === 0 ? [] : [updateRows(schema.NOTES, news, keyIs('code', codes))];
};

const renameNote: Business = ({ random, keys }) => {
  const [code] = keys.notes.pickSome(random, 1);
  if (code === undefined) return [];
  const renamed = rows.noteCode(keys.fresh());
  keys.notes.remove(code);
  keys.notes.add(renamed);
  return [updateRows(schema.NOTES, { code: renamed }, keyIs('code', [code]))];
};

const removeNotes: Business = ({ random, keys }, budget) => {
  if (keys.notes.isLow) return [];
  const codes = keys.notes.pickSome(random, several(random, budget));
  for (const code of codes) keys.notes.remove(code);
  return codes.length === 0 ? [] : [deleteRows(schema.NOTES, keyIs('code', codes))];
};

/** Gone and back under the same key within one transaction. */
const replaceNote: Business = ({ random, values, keys }, budget) => {
  const [code] = keys.notes.pickSome(random, 1);
  if (code === undefined || budget < 2) return [];
  const row = rows.noteRow(random, values, code);
  return [deleteRows(schema.NOTES, keyIs('code', [code])), insertRows(schema.NOTES, [row])];
};

/** Businesses with their weights. What adds and what removes are about even, so that the tables keep their size. */
export const BUSINESSES: readonly { readonly business: Business; readonly weight: number }[] = [
  { business: addCustomers, weight: 3 },
  { business: changeCustomers, weight: 10 },
  { business: removeCustomers, weight: 3 },
  { business: changeProducts, weight: 10 },
  { business: swapSkus, weight: 2 },
  { business: placeOrder, weight: 12 },
  { business: changeOrders, weight: 16 },
  { business: cancelOrder, weight: 15 },
  { business: moveLine, weight: 5 },
  { business: changeLines, weight: 8 },
  { business: writeNotes, weight: 3 },
  { business: editNotes, weight: 8 },
  { business: renameNote, weight: 3 },
  { business: removeNotes, weight: 3 },
  { business: replaceNote, weight: 3 },
];
