import { wordsOf } from '@sluice/runtime';
import { replicationRows } from '../source/replica.ts';
import { readMark, type LastTransaction } from './last-transaction.ts';
import { readOnlyStatements, runAllowed, writesOf, type Writes } from './read-only.ts';
import { isActive, REPLICATION } from './replica-of.ts';
import { addressOf, type DeedParts, type Servers } from './servers.ts';
import { StepFailed, StepUnknown, within, type Patience } from './within.ts';
import type { WriteLocks } from './write-locks.ts';

export interface ReleaseParts extends Pick<DeedParts, 'old' | 'to' | 'tell'> {
  readonly servers: Servers;
  readonly locks: WriteLocks;
  readonly last: LastTransaction;
}

/** The one step that cannot be taken back: the new source takes writes, and the old one has taken none since it was locked. */
export class Release {
  readonly #parts: ReleaseParts;

  constructor(parts: ReleaseParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the new source takes writes. Throws StepFailed when it takes as few as before, though it may replicate no more;
   * StepUnknown when that cannot be seen; what a server answers when the old source cannot be asked for its lock.
   */
  async run(patience: Patience): Promise<void> {
    const { to, servers, locks } = this.#parts;
    await this.#requireLocked();
    const before = await servers.on('new', ({ connection, facts }) => writesOf(connection, facts.flavour));
    let trouble: string | null = null;
    try {
      await this.#stopReplication(patience);
      // Statements have run since: whoever takes writes by now, two must not.
      await this.#requireLocked();
      await locks.set(to, false, patience);
    } catch (error) {
      trouble = wordsOf(error);
    }
    if (trouble !== null && !(await this.#isReleased(trouble, before))) throw new StepFailed(trouble);
  }

  /** Nothing is taken back any more: what a writer that nothing stops has put into the old source since is for a person to judge. */
  async tellLate(): Promise<void> {
    const { old, tell } = this.#parts;
    const from = addressOf(old);
    const found = await this.#oldNow().catch(() => null);
    if (found === null)
      return tell(`whether ${from} has taken a late transaction cannot be seen: it does not answer`);
    if (found.takes === 'locked' && found.since === '') return;
    const what =
      found.since === ''
        ? 'is not read-only any more'
        : `has transactions that came too late: ${found.since}`;
    tell(`${from} ${what}. See them: sluice orphans list --from ${from}`);
  }

  /** Throws StepFailed when the old source may take transactions, or has one that it had not when it was locked, or that the new one lacks. */
  async #requireLocked(): Promise<void> {
    const old = addressOf(this.#parts.old);
    const { takes, since } = await this.#oldNow();
    if (takes !== 'locked') throw new StepFailed(`${old} is not read-only any more: somebody has set it so`);
    if (since !== '')
      throw new StepFailed(`${old} has taken transactions although it is read-only: ${since}`);
  }

  async #oldNow(): Promise<{ readonly takes: Writes; readonly since: string }> {
    const { servers, last } = this.#parts;
    const mark = await last.mark();
    const executed = await servers.on('new', (side) => side.executed());
    return servers.on('old', async (side) => {
      const { gtids } = await readMark(side);
      const since = gtids.minus(mark.gtids).with(gtids.minus(executed));
      return { takes: await writesOf(side.connection, side.facts.flavour), since: since.toString() };
    });
  }

  async #stopReplication(patience: Patience): Promise<void> {
    const { to, servers, locks } = this.#parts;
    await servers.on('new', async ({ connection, facts }) => {
      const { stop } = REPLICATION[facts.flavour];
      const statements = `on ${addressOf(to)}: ${stop};`;
      if (!(await runAllowed(connection, [stop]))) locks.ask(statements);
      await within(`${stop} on ${addressOf(to)}`, patience, async () =>
        (await replicationRows(connection, facts)).some(isActive) ? null : true,
      );
      locks.seen(statements);
    });
  }

  /**
   * Whether the new source takes writes in spite of the trouble. One that does not is as read-only as before. Throws StepUnknown when that
   * cannot be seen.
   */
  async #isReleased(trouble: string, before: Writes): Promise<boolean> {
    const { to, servers, locks } = this.#parts;
    try {
      await locks.callOff(to);
      return await servers.on('new', async ({ connection, facts: { flavour } }) => {
        const takes = await writesOf(connection, flavour);
        if (takes === 'open') return true;
        if (takes !== before) await runAllowed(connection, readOnlyStatements(flavour, true));
        return false;
      });
    } catch {
      throw new StepUnknown(`${trouble}; whether ${addressOf(to)} takes writes cannot be seen`);
    }
  }
}
