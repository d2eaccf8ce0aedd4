import type { Connection } from '@sluice/mysql';
import type { SeededRandom } from '@sluice/seeded-random';

/** What the workload has committed, in rows. */
export interface LedgerTotals {
  readonly transactions: number;
  readonly rows: number;
  /** Of the ledger; a key change is counted apart. */
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly keyChanges: number;
  /** Rows of the append-only table. */
  readonly markers: number;
}

const ROWS_MAX = 200;
const KEY_CHANGES_MAX = 3;
const ROLLBACK_SHARE = 0.04;
const LIVE_KEYS_MAX = 1500;

interface Plan {
  readonly fresh: readonly number[];
  readonly changed: readonly number[];
  readonly removed: readonly number[];
  readonly moved: readonly { readonly from: number; readonly to: number }[];
  readonly markers: readonly number[];
}

/** One connection's share of the workload: it alone changes the keys that it has made. */
export class LedgerWriter {
  readonly #random: SeededRandom;
  readonly #number: number;
  readonly #step: number;
  #next: number;
  #keys: number[] = [];

  constructor(random: SeededRandom, number: number, writers: number) {
    this.#random = random;
    this.#number = number;
    this.#step = writers;
    this.#next = number + 1;
  }

  /** One transaction; what of it was committed. */
  async transaction(connection: Connection): Promise<LedgerTotals> {
    const plan = this.#plan();
    const keep = !this.#random.chance(ROLLBACK_SHARE);
    await connection.query('BEGIN');
    for (const sql of this.#statements(plan)) await connection.query(sql);
    await connection.query(keep ? 'COMMIT' : 'ROLLBACK');
    if (!keep) return totalsOf({ fresh: [], changed: [], removed: [], moved: [], markers: [] }, 0);
    const gone = new Set([...plan.removed, ...plan.moved.map(({ from }) => from)]);
    const kept = this.#keys.filter((key) => !gone.has(key));
    this.#keys = [...kept, ...plan.fresh, ...plan.moved.map(({ to }) => to)];
    return totalsOf(plan, 1);
  }

  #plan(): Plan {
    const random = this.#random;
    // Many small ones, some large: both the marks between transactions and those inside of one are met.
    const rows = random.chance(0.4) ? random.integer(1, 5) : random.integer(1, ROWS_MAX);
    const markers = random.integer(1, Math.ceil(rows / 3));
    let left = rows - markers;
    const room = LIVE_KEYS_MAX - this.#keys.length;
    const fresh = Math.max(0, Math.min(room, random.integer(0, left)));
    left -= fresh;
    const touched = this.#pick(left);
    const moved = Math.min(touched.length, random.integer(0, KEY_CHANGES_MAX));
    const removed = random.integer(0, Math.floor((touched.length - moved) / 2));
    return {
      markers: this.#fresh(markers),
      fresh: this.#fresh(fresh),
      moved: touched.slice(0, moved).map((from) => ({ from, to: this.#fresh(1)[0] ?? 0 })),
      removed: touched.slice(moved, moved + removed),
      changed: touched.slice(moved + removed),
    };
  }

  *#statements({ fresh, changed, removed, moved, markers }: Plan): Generator<string> {
    const writer = this.#number;
    const body = `'${'x'.repeat(this.#random.integer(0, 150))}'`;
    if (fresh.length > 0) {
      const tuples = fresh.map((id) => `(${id}, 1, ${writer}, ${body})`);
      yield `INSERT INTO ledger (id, version, writer, body) VALUES ${tuples.join(', ')}`;
    }
    yield `INSERT INTO marker (id, writer) VALUES ${markers.map((id) => `(${id}, ${writer})`).join(', ')}`;
    if (changed.length > 0) {
      yield `UPDATE ledger SET version = version + 1, body = ${body} WHERE id IN (${changed.join(', ')})`;
    }
    for (const { from, to } of moved) {
      yield `UPDATE ledger SET id = ${to}, version = version + 1 WHERE id = ${from}`;
    }
    if (removed.length > 0) yield `DELETE FROM ledger WHERE id IN (${removed.join(', ')})`;
  }

  /** Numbers that no row of any writer has had. */
  #fresh(count: number): number[] {
    return Array.from({ length: count }, () => {
      this.#next += this.#step;
      return this.#next;
    });
  }

  /** Up to `count` different live keys. */
  #pick(count: number): number[] {
    const picked = new Set<number>();
    for (let tries = 0; tries < count * 2 && picked.size < Math.min(count, this.#keys.length); tries++) {
      picked.add(this.#keys[this.#random.integer(0, this.#keys.length - 1)] ?? 0);
    }
    return [...picked];
  }
}

function totalsOf({ fresh, changed, removed, moved, markers }: Plan, transactions: number): LedgerTotals {
  return {
    transactions,
    rows: fresh.length + changed.length + removed.length + moved.length + markers.length,
    inserts: fresh.length,
    updates: changed.length,
    deletes: removed.length,
    keyChanges: moved.length,
    markers: markers.length,
  };
}
