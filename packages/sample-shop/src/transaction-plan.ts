import { insertRows } from './changes.ts';
import type { Change } from './changes.ts';
import { BUSINESSES } from './shop-changes.ts';
import type { Business, ShopWriter } from './shop-changes.ts';
import { CURRENCIES, exchangeRateRow } from './shop-rows.ts';
import { EXCHANGE_RATES } from './shop-schema.ts';
import type { SeededRandom } from '@sluice/seeded-random';

export const MOST_ROWS_PER_TRANSACTION = 50;
const TRANSACTIONS_BETWEEN_TRUNCATES = 400;

/** Statements that commit together. A truncate commits by itself, so it stands before, outside. */
export interface TransactionPlan {
  readonly truncate: string | null;
  readonly changes: readonly Change[];
  readonly rows: number;
}

const TOTAL_WEIGHT = BUSINESSES.reduce((sum, { weight }) => sum + weight, 0);

function pickBusiness(random: SeededRandom): Business {
  let left = random.next() * TOTAL_WEIGHT;
  for (const { business, weight } of BUSINESSES) {
    left -= weight;
    if (left < 0) return business;
  }
  throw new RangeError('weights do not add up');
}

/** How many rows transactions change: `small` 1 to 5, `large` 21 to 50, `mixed` mostly few, now and then many, as in shops. */
export const LOAD_SHAPES = ['mixed', 'small', 'large'] as const;
export type LoadShape = (typeof LOAD_SHAPES)[number];

function drawSize(random: SeededRandom, shape: LoadShape): number {
  if (shape === 'small') return random.integer(1, 5);
  if (shape === 'large') return random.integer(21, MOST_ROWS_PER_TRANSACTION);
  if (random.chance(0.55)) return random.integer(1, 5);
  return random.chance(0.75) ? random.integer(6, 20) : random.integer(21, MOST_ROWS_PER_TRANSACTION);
}

/**
 * The writer's next transaction, of 1 to 50 row changes and never more than `most`.
 * @param number how many transactions this writer has planned before
 */
export function planTransaction(
  writer: ShopWriter,
  number: number,
  most: number,
  refreshesRates: boolean,
  shape: LoadShape = 'mixed',
): TransactionPlan {
  if (refreshesRates && number % TRANSACTIONS_BETWEEN_TRUNCATES === TRANSACTIONS_BETWEEN_TRUNCATES / 4) {
    return refreshRates(writer.random, most);
  }
  const size = Math.min(most, drawSize(writer.random, shape));
  const changes: Change[] = [];
  let rows = 0;
  while (rows < size) {
    const step = pickBusiness(writer.random)(writer, size - rows);
    for (const change of step) rows += change.rows;
    changes.push(...step);
  }
  return { truncate: null, changes, rows };
}

function refreshRates(random: SeededRandom, most: number): TransactionPlan {
  const rates = CURRENCIES.slice(0, most).map((currency) => exchangeRateRow(random, currency));
  return {
    truncate: `TRUNCATE TABLE ${EXCHANGE_RATES.name}`,
    changes: [insertRows(EXCHANGE_RATES, rates)],
    rows: rates.length,
  };
}
