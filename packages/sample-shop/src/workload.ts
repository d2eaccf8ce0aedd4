import { setTimeout as delay } from 'node:timers/promises';
import { LiveKeys } from './live-keys.ts';
import { SeededRandom } from '@sluice/seeded-random';
import { DEFAULT_SIZES } from './shop-data.ts';
import type { ShopSizes } from './shop-data.ts';
import { SHOP_DATABASE } from './shop-schema.ts';
import { createShopValues } from './shop-values.ts';
import { Pace } from './pace.ts';
import { MOST_ROWS_PER_TRANSACTION, planTransaction, type LoadShape } from './transaction-plan.ts';
import { openWriter } from './workload-writer.ts';
import type { DatabaseAddress, WorkloadWriter } from './workload-writer.ts';

export interface WorkloadOptions {
  readonly source: DatabaseAddress;
  readonly seed: number;
  /** The sizes that `createShop` was given. */
  readonly sizes?: ShopSizes;
  /** Default: `shop`. */
  readonly database?: string;
  /** Connections that write at the same time; default 4. */
  readonly writers?: number;
  /** Row changes in all, exactly; without it the workload continues until it is stopped. */
  readonly changes?: number;
  /** Default: `mixed`. */
  readonly shape?: LoadShape;
  /** A table that each transaction looks for, in the database it writes to: where it is gone, or another server answers, the workload ends. */
  readonly mark?: string;
  /** Pace of all writers together; without it as fast as the server takes them. */
  readonly transactionsPerSecond?: number;
}

export interface WorkloadProgress {
  /** Row changes committed. */
  readonly changes: number;
  readonly transactions: number;
  /** Transactions that a lock made start again. */
  readonly retries: number;
  readonly truncates: number;
}

export interface Workload {
  /** What is committed so far. */
  progress(): WorkloadProgress;
  /** Resolves when at least so many row changes are committed, or when the workload has ended. */
  reached(changes: number): Promise<void>;
  /** Lets every open transaction commit, then ends. */
  stop(): Promise<WorkloadProgress>;
  /** Ends with all changes committed or after `stop`; rejects when a transaction fails. */
  readonly done: Promise<WorkloadProgress>;
}

/** What the writers share. */
interface WorkloadState {
  readonly stop: AbortController;
  counts: WorkloadProgress;
  waiters: { readonly changes: number; readonly resolve: () => void }[];
}

/**
 * Changes the sample database without end or up to `changes`: inserts, updates, deletes, changes of keys, swaps of
 * unique values, an occasional truncate, in transactions of 1 to 50 rows. The rows at the end are the same for the
 * same seed, sizes, writers and changes.
 */
export function startWorkload(options: WorkloadOptions): Workload {
  const counts = { changes: 0, transactions: 0, retries: 0, truncates: 0 };
  const state: WorkloadState = { stop: new AbortController(), counts, waiters: [] };
  const done = runWriters(options, state);
  // Rejections are for whoever awaits `done`; a caller that only stops gets them from `stop`.
  done.catch(() => undefined);
  return {
    progress: () => state.counts,
    reached: (changes) =>
      new Promise((resolve) => {
        if (state.counts.changes >= changes) return resolve();
        state.waiters.push({ changes, resolve });
        done.then(
          () => resolve(),
          () => resolve(),
        );
      }),
    stop: () => {
      state.stop.abort();
      return done;
    },
    done,
  };
}

async function runWriters(options: WorkloadOptions, state: WorkloadState): Promise<WorkloadProgress> {
  const writers = options.writers ?? 4;
  const values = createShopValues(options.seed);
  const shares = Array.from({ length: writers }, (_, writer) => shareOf(options.changes, writer, writers));
  const runs = shares.map((share, writer) => runWriter(options, state, { writer, writers, share, values }));
  try {
    await Promise.all(runs);
  } catch (error) {
    state.stop.abort();
    await Promise.allSettled(runs);
    throw error;
  }
  return state.counts;
}

function shareOf(changes: number | undefined, writer: number, writers: number): number {
  if (changes === undefined) return Number.POSITIVE_INFINITY;
  return Math.floor(changes / writers) + (writer < changes % writers ? 1 : 0);
}

interface WriterShare {
  readonly writer: number;
  readonly writers: number;
  readonly share: number;
  readonly values: ReturnType<typeof createShopValues>;
}

async function runWriter(options: WorkloadOptions, state: WorkloadState, own: WriterShare): Promise<void> {
  const keys = new LiveKeys(options.sizes ?? DEFAULT_SIZES, own.writer, own.writers);
  const shop = { random: new SeededRandom(options.seed * 1000 + own.writer), values: own.values, keys };
  const connection = await openWriter(options.source, options.database ?? SHOP_DATABASE, options.mark);
  try {
    const pace = paceOf(options, own.writers);
    let left = own.share;
    for (let number = 0; left > 0 && !state.stop.signal.aborted; number += 1) {
      const waitMs = pace?.waitMs(number, performance.now()) ?? 0;
      if (waitMs > 0) await delay(waitMs, undefined, { signal: state.stop.signal }).catch(() => undefined);
      if (state.stop.signal.aborted) break;
      const most = Math.min(left, MOST_ROWS_PER_TRANSACTION);
      const plan = planTransaction(shop, number, most, own.writer === 0, options.shape);
      await commitPlan(connection, plan, state);
      left -= plan.rows;
    }
  } finally {
    await connection.close();
  }
}

async function commitPlan(
  connection: WorkloadWriter,
  plan: ReturnType<typeof planTransaction>,
  state: WorkloadState,
): Promise<void> {
  const retries = await connection.commit(plan);
  const { counts } = state;
  state.counts = {
    changes: counts.changes + plan.rows,
    transactions: counts.transactions + 1,
    retries: counts.retries + retries,
    truncates: counts.truncates + (plan.truncate === null ? 0 : 1),
  };
  const reached = state.waiters.filter((waiter) => waiter.changes <= state.counts.changes);
  if (reached.length === 0) return;
  state.waiters = state.waiters.filter((waiter) => !reached.includes(waiter));
  for (const waiter of reached) waiter.resolve();
}

/** A source that stood still is not given all that it missed at once: the rate of a load is a ceiling. */
const LOAD_DEBT_MS = 1000;

function paceOf({ transactionsPerSecond, mark }: WorkloadOptions, writers: number): Pace | null {
  if (transactionsPerSecond === undefined) return null;
  const everyMs = (1000 * writers) / transactionsPerSecond;
  return new Pace(everyMs, performance.now(), mark === undefined ? Number.POSITIVE_INFINITY : LOAD_DEBT_MS);
}
