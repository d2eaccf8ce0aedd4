import { setTimeout as delay } from 'node:timers/promises';
import type { ResultSetHeader } from 'mysql2';
import { tableIdOf } from '@sluice/envelope';
import { describeMysqlError, toPipelineError, type Connection } from '@sluice/mysql';
import { cascadeOf } from './refuse-orphans.ts';
import type { CascadingKey } from '../catalog/cascading-keys.ts';
import { conflictOf, decidedText, type Choice, type Conflict, type Decision } from './conflict.ts';
import type { OrphanRow, OrphanTransaction, RowValues } from './orphan.ts';
import { presentRow } from './present-rows.ts';
import { hasOtherKey, leftOf, sameRow, standingOf, type RowSlot, type SlotChange } from './row-slots.ts';
import { refused } from './masters.ts';
import type { SqlStatements } from './sql-statements.ts';

/** Somebody else's lock or a deadlock: so often, with a wait that grows by this (ms). */
const TRIES = 6;
const WAIT_MS = 200;

export interface OrphanChanges {
  readonly transaction: OrphanTransaction;
  readonly changes: readonly SlotChange[];
}

export interface ReapplyParts {
  readonly connection: Connection;
  readonly statements: SqlStatements;
  readonly cascades: readonly CascadingKey[];
  /** By `decidedText`. */
  readonly decisions: ReadonlyMap<string, Decision>;
  /** False: nothing is written, and what would be is only told. */
  readonly isApplied: boolean;
}

/** Changes of rows. */
export interface ReapplyCounts {
  /** Written, as the orphan has it. */
  applied: number;
  /** The new master has it, or what a later orphan made of it. */
  already: number;
}

/** Puts orphans on the new master, a transaction each, row by row where the row is what the orphan found. */
export class Reapply {
  readonly #parts: ReapplyParts;
  readonly counts: ReapplyCounts = { applied: 0, already: 0 };
  /** Rows by decision, and the conflicts that are left. */
  readonly decided = { ours: 0, theirs: 0, skip: 0 };
  readonly #conflicts = new Map<RowSlot, Conflict>();
  /** What a dry run would have written. */
  readonly #pretended = new Map<RowSlot, RowValues | null>();
  readonly #settled = new Map<RowSlot, Choice>();
  /** Their rows have another key on the new master: no statement of the orphans finds the right one. */
  readonly #barred = new Set<RowSlot>();

  constructor(parts: ReapplyParts) {
    this.#parts = parts;
  }

  get conflicts(): readonly Conflict[] {
    return [...this.#conflicts.values()];
  }

  /** Throws a PipelineError when the server fails; nothing of the transaction is written then. */
  async transaction(orphan: OrphanChanges): Promise<void> {
    const { connection, isApplied } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      try {
        if (isApplied) await connection.query('START TRANSACTION');
        const outcome = await this.#rows(orphan);
        if (isApplied) await connection.query('COMMIT');
        return this.#commit(outcome);
      } catch (error) {
        await connection.query('ROLLBACK').catch(() => undefined);
        if (attempt === TRIES || describeMysqlError(error).kind !== 'busy') throw toPipelineError(error);
        await delay(attempt * WAIT_MS);
      }
    }
  }

  async #rows({ changes }: OrphanChanges): Promise<Outcome> {
    const outcome = new Outcome();
    for (const change of changes) await this.#change(change, outcome);
    return outcome;
  }

  async #change({ row, steps }: SlotChange, outcome: Outcome): Promise<void> {
    const present: (RowValues | null)[] = [];
    for (const { slot } of steps) present.push(await this.#present(slot, outcome));
    const standings = steps.map(({ slot, index }, at) => standingOf(slot, index, present[at] ?? null));
    if (standings.every((standing) => standing === 'done')) {
      outcome.already += 1;
      return;
    }
    if (steps.some(({ slot }, at) => hasOtherKey(slot, present[at] ?? null))) {
      for (const { slot } of steps) this.#barred.add(slot);
      return this.#refuse(steps, present, () => WHY.otherKey, outcome);
    }
    if (!standings.includes('conflict')) {
      const left = leftOf({ row, steps }, present);
      const why = left === null ? WHY.half : (this.#cascade(row) ?? (await this.#write(left)));
      if (why === null) {
        outcome.applied += 1;
        for (const { slot, index } of steps) outcome.pretended.set(slot, slot.states[index] ?? null);
        return;
      }
      return this.#refuse(steps, present, () => why, outcome);
    }
    await this.#refuse(steps, present, (at) => WHY[standings[at] ?? 'conflict'], outcome);
  }

  /** A person decides, slot by slot; what he has decided is done with the last change of the slot. */
  async #refuse(
    steps: SlotChange['steps'],
    present: readonly (RowValues | null)[],
    why: (at: number) => string,
    outcome: Outcome,
  ): Promise<void> {
    for (const [at, { slot, index }] of steps.entries()) {
      const now = present[at] ?? null;
      const last = slot.states.at(-1) ?? null;
      const isLast = index === slot.states.length - 1;
      if (sameRow(now, last)) continue;
      // `theirs` makes the row what the orphans left: that may cascade where the change in conflict does not.
      const cascade = this.#cascade({ table: slot.table, before: now, after: last });
      const reason = why(at);
      const told = cascade === null || cascade === reason ? reason : `${reason}, and ${cascade}`;
      const conflict = conflictOf(slot, now, told);
      const decision = this.#parts.decisions.get(decidedText(conflict));
      const isUntold = decision?.choice === 'theirs' && cascade !== null && !decision.why.includes(cascade);
      const choice = decision === undefined || isUntold ? null : decision.choice;
      if (choice === null || choice === 'skip') {
        outcome.conflicts.set(slot, conflict);
        if (choice === 'skip') outcome.settled.set(slot, 'skip');
        continue;
      }
      if (!isLast) continue;
      if (choice === 'theirs' && this.#barred.has(slot)) {
        outcome.conflicts.set(slot, conflictOf(slot, now, WHY.otherKey));
        continue;
      }
      if (choice === 'theirs') {
        const failed = await this.#write({ table: slot.table, before: now, after: last });
        if (failed !== null) {
          outcome.conflicts.set(slot, conflictOf(slot, now, failed));
          continue;
        }
        outcome.pretended.set(slot, last);
      }
      outcome.settled.set(slot, choice);
    }
  }

  async #present(slot: RowSlot, outcome: Outcome): Promise<RowValues | null> {
    const { connection, statements, isApplied } = this.#parts;
    const pretended = isApplied
      ? undefined
      : outcome.pretended.has(slot)
        ? outcome.pretended.get(slot)
        : this.#pretended.get(slot);
    if (pretended !== undefined) return pretended;
    return presentRow(connection, slot, statements, isApplied);
  }

  /** Why the server does not take the row; null when it does. Throws when it fails. */
  async #write(row: Pick<OrphanRow, 'table' | 'before' | 'after'>): Promise<string | null> {
    const statement = this.#parts.statements.forward(row);
    if (statement === null || !this.#parts.isApplied) return null;
    try {
      const [result] = await this.#parts.connection.query(statement);
      const { affectedRows } = result as ResultSetHeader;
      if (affectedRows !== 1)
        throw refused(`a statement changed ${affectedRows} rows of ${tableIdOf(row.table)}, and not one`);
      return null;
    } catch (error) {
      const { kind } = describeMysqlError(error);
      if (kind === 'duplicate') return 'another row has a value of one of its unique keys';
      if (kind === 'constraint') return 'a foreign key, a CHECK or a trigger refuses it';
      if (kind === 'value') return 'its values do not fit the columns of the new master';
      throw error;
    }
  }

  #cascade(row: Pick<OrphanRow, 'table' | 'before' | 'after'>): string | null {
    const key = cascadeOf(this.#parts.cascades, row);
    return key === null ? null : `it would change rows of ${tableIdOf(key.child)} by a foreign key`;
  }

  #commit(outcome: Outcome): void {
    this.counts.applied += outcome.applied;
    this.counts.already += outcome.already;
    for (const [slot, conflict] of outcome.conflicts) this.#conflicts.set(slot, conflict);
    for (const [slot, choice] of outcome.settled) {
      if (choice !== 'skip') this.#conflicts.delete(slot);
      if (!this.#settled.has(slot)) this.decided[choice] += 1;
      this.#settled.set(slot, choice);
    }
    if (!this.#parts.isApplied)
      for (const [slot, values] of outcome.pretended) this.#pretended.set(slot, values);
  }
}

const WHY = {
  conflict: 'the row is neither what the orphans found nor what they left',
  ready: 'the other half of a change of its key is in conflict',
  done: 'the other half of a change of its key is in conflict',
  half: 'one half of a change of its key is there, and not by the orphans alone',
  otherKey:
    'a row of another key is there, which the collation of the key takes for the same: change it by hand',
};

/** What became of one transaction, as long as it is not committed. */
class Outcome {
  applied = 0;
  already = 0;
  readonly conflicts = new Map<RowSlot, Conflict>();
  readonly settled = new Map<RowSlot, Choice>();
  readonly pretended = new Map<RowSlot, RowValues | null>();
}
