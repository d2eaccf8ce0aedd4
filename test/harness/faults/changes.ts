import { setTimeout as delay } from 'node:timers/promises';
import type { MysqlServer } from '@sluice/local-stack';
import type { SeededRandom } from '@sluice/seeded-random';
import { Session } from './session.ts';

/** `item` changes again and again, `marker` only grows, `probe` is for looking whether a row comes through. */
export const CHANGED_TABLES = [
  'CREATE TABLE item (id INT NOT NULL PRIMARY KEY, version INT NOT NULL, body VARCHAR(200) NOT NULL)',
  'CREATE TABLE marker (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, writer INT NOT NULL)',
  'CREATE TABLE probe (id INT NOT NULL PRIMARY KEY)',
];
export const TABLE_NAMES = ['item', 'marker', 'probe'];

/** Ids of `item` that are inserted, updated, deleted; those above come from changes of a key. */
export const ITEM_IDS = 240;
const WRITERS = 2;
const BODY_MAX = 150;
const LARGE_SHARE = 0.03;
const ROLLBACK_SHARE = 0.04;
const RETRY_MS = 100;

/**
 * Two writers that change rows of their own without end: inserts, updates, deletes, changes of a key, rollbacks, some large
 * transactions. A source that is away is waited for. After a lost connection nobody knows what of the last
 * transaction was committed: so what counts in the end is what the source holds.
 */
export class Changes {
  /** Transactions that the source has acknowledged. */
  committed = 0;
  #stopped = false;
  readonly #runs: Promise<void>[];

  constructor(server: MysqlServer, database: string, random: SeededRandom, transactionsPerSecond: number) {
    const pauseMs = (1000 * WRITERS) / transactionsPerSecond;
    this.#runs = Array.from({ length: WRITERS }, (_, writer) =>
      this.#run(new Session(server, database), writer, random, pauseMs),
    );
  }

  /** Resolves when every writer has ended its last transaction. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#runs);
  }

  async #run(session: Session, writer: number, random: SeededRandom, pauseMs: number): Promise<void> {
    while (!this.#stopped) {
      try {
        await session.transaction(statementsOf(writer, random));
        this.committed++;
        await delay(pauseMs);
      } catch {
        await delay(RETRY_MS);
      }
    }
    session.close();
  }
}

function* chosen(count: number, writer: number, random: SeededRandom): Generator<number> {
  const ids = new Set<number>();
  while (ids.size < count) ids.add(random.integer(0, ITEM_IDS / WRITERS - 1) * WRITERS + writer);
  yield* [...ids].sort((a, b) => a - b);
}

function statementsOf(writer: number, random: SeededRandom): string[] {
  const count = random.chance(LARGE_SHARE) ? ITEM_IDS / WRITERS - 1 : random.integer(1, 6);
  const body = `'${'x'.repeat(random.integer(0, BODY_MAX))}'`;
  const changes = [...chosen(count, writer, random)].map((id) => changeOf(id, body, random));
  const marker = `INSERT INTO marker (writer) VALUES (${writer})`;
  return [...changes, marker, ...(random.chance(ROLLBACK_SHARE) ? ['ROLLBACK'] : [])];
}

/** Statements that do nothing where their row is not there fit whatever an interrupted transaction has left. */
function changeOf(id: number, body: string, random: SeededRandom): string {
  const dice = random.next();
  if (dice < 0.12) return `DELETE FROM item WHERE id IN (${id}, ${id + ITEM_IDS})`;
  if (dice < 0.2)
    return `UPDATE IGNORE item SET id = id + ${ITEM_IDS}, version = version + 1 WHERE id = ${id}`;
  if (dice < 0.5) return `UPDATE item SET version = version + 1, body = ${body} WHERE id = ${id}`;
  return (
    `INSERT INTO item (id, version, body) VALUES (${id}, 1, ${body}) ` +
    `ON DUPLICATE KEY UPDATE version = item.version + 1, body = ${body}`
  );
}
