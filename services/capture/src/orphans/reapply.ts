import { setTimeout as delay } from 'node:timers/promises';
import { tableIdOf } from '@sluice/envelope';
import { describeMysqlError, toPipelineError, type Connection } from '@sluice/mysql';
import { cascadeOf } from './refuse-orphans.ts';
import type { CascadingKey } from '../catalog/cascading-keys.ts';
import { conflictOf, decidedText, type Choice, type Conflict } from './conflict.ts';
import type { OrphanRow, OrphanTransaction, RowValues } from './orphan.ts';
import { presentRow } from './present-rows.ts';
import { sameRow, standingOf, type RowSlot, type SlotChange } from './row-slots.ts';
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
  readonly decisions: ReadonlyMap<string, Choice>;
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
    if (!standings.includes('conflict')) {
      const why = this.#cascade(row) ?? (await this.#write(restOf(row, steps, standings)));
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
      const conflict = conflictOf(slot, now, why(at));
      const choice = this.#parts.decisions.get(decidedText(conflict)) ?? null;
      if (choice === null || choice === 'skip') {
        outcome.conflicts.set(slot, conflict);
        if (choice === 'skip') outcome.settled.set(slot, 'skip');
        continue;
      }
      if (!isLast) continue;
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
      await this.#parts.connection.query(statement);
      return null;
    } catch (error) {
      const { kind } = describeMysqlError(error);
      if (kind === 'duplicate') return 'another row has a value of one of its unique keys';
      if (kind === 'constraint') return 'a foreign key, a CHECK or a trigger refuses it';
      if (kind === 'value') return 'its values do not fit the columns of the new master';
      throw error;
    }
  }

  #cascade(row: OrphanRow): string | null {
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

/** Of a change of the key one half may be there: a row that came to its old key, and left it, is as it was. */
function restOf(
  row: OrphanRow,
  steps: SlotChange['steps'],
  standings: readonly string[],
): Pick<OrphanRow, 'table' | 'before' | 'after'> {
  const rest = steps.filter((_step, at) => standings[at] === 'ready');
  const [only] = rest;
  if (only === undefined || rest.length === steps.length) return row;
  const { slot, index } = only;
  return { table: row.table, before: slot.states[index - 1] ?? null, after: slot.states[index] ?? null };
}

const WHY = {
  conflict: 'the row is neither what the orphans found nor what they left',
  ready: 'the other half of a change of its key is in conflict',
  done: 'the other half of a change of its key is in conflict',
};

/** What became of one transaction, as long as it is not committed. */
class Outcome {
  applied = 0;
  already = 0;
  readonly conflicts = new Map<RowSlot, Conflict>();
  readonly settled = new Map<RowSlot, Choice>();
  readonly pretended = new Map<RowSlot, RowValues | null>();
}
