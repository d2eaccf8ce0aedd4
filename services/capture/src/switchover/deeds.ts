import type { Flavour } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { GtidSet } from '../orphans/gtid-set.ts';
import type { Address } from '../orphans/masters.ts';
import { replicationRows } from '../source/replica.ts';
import type { CaptureControl } from './capture-control.ts';
import { preflight } from './preflight.ts';
import { readOnlyStatements, runAllowed, setReadOnly, writesOf, type Writes } from './read-only.ts';
import { isActive, isRunning, REPLICATION } from './replica-of.ts';
import { connectionId, ownOf, withSide, type Login, type Side } from './side.ts';
import type { Step, UndoStep } from './steps.ts';
import { messageOf, StepFailed, StepUnknown, within, type Patience } from './within.ts';

/** Longer than a step may take, for the answers of a server in it (ms). */
export const ANSWER_MS = 10_000;

export interface DeedParts {
  readonly config: SluiceConfig;
  readonly old: Address;
  readonly to: Address;
  /** Who sets servers read-only; null: the login of `source`. */
  readonly login: Login | null;
  readonly capture: CaptureControl;
  /** How long each step may take (ms). */
  readonly waitMs: number;
  /** Tells the person what only a person may do. */
  readonly ask: (text: string) => void;
  /** Tells the person what has to be looked at. */
  readonly tell: (text: string) => void;
}

/** In the server's own form, which depends on its flavour. */
interface Mark {
  readonly flavour: Flavour;
  readonly gtids: GtidSet;
}

export const addressOf = ({ host, port }: Address): string => `${host}:${port}`;

/** What the steps of a switchover do. Each throws StepFailed, StepUnknown or the error of who was asked. */
export class Deeds {
  readonly #parts: DeedParts;
  /** Statements that a person was asked for, and that have not been seen to take effect. */
  readonly #asked = new Set<string>();
  /** Connections by which a server is being set read-only or not, by its address. */
  readonly #setting = new Map<string, number>();
  /** What the old source had when it took no more writes. */
  #mark: Mark | null = null;
  /** When the old source took no more writes, and when the new one took them (ms, monotonic). */
  lockedAt: number | null = null;
  releasedAt: number | null = null;

  constructor(parts: DeedParts) {
    this.#parts = parts;
  }

  async run(step: Step | UndoStep, signal: AbortSignal): Promise<void> {
    const patience = { waitMs: this.#parts.waitMs, signal };
    switch (step) {
      case 'check':
        return this.#check(patience);
      case 'lock':
        return this.#lock(patience);
      case 'drain':
        return this.#drain(patience);
      case 'catchUp':
        return this.#catchUp(patience);
      case 'move':
        return this.#move(this.#parts.to, patience);
      case 'verify':
        return this.#verify(patience);
      case 'release':
        return this.#release(patience);
      case 'forget':
        return this.#forget(patience);
      case 'unlock':
        return this.#unlock(patience);
      case 'rejoin':
        return this.#rejoin(patience);
      case 'moveBack':
        return this.#move(this.#parts.old, patience);
    }
  }

  async #check(patience: Patience): Promise<void> {
    const { config, old, to, login, capture } = this.#parts;
    const looked = {
      config,
      capture: await capture.now(),
      addresses: { old: addressOf(old), new: addressOf(to) },
    };
    const { problems } = await withSide(config, old, login, (one) =>
      withSide(config, to, login, (other) => preflight(looked, one, other)),
    );
    if (problems.length > 0) throw new StepFailed(problems.join('; '));
    await this.#close(patience);
  }

  /** A lag that is there before is waited for while applications write. */
  async #close(patience: Patience): Promise<void> {
    const { capture, to } = this.#parts;
    const mark = await this.#on('old', readMark);
    await within('reading what the old source has now, before it is locked,', patience, async () => {
      const { gtidSet, isStreaming } = await capture.now();
      return isStreaming && hasAll(gtidSet, mark) ? true : null;
    });
    await this.#on('new', ({ executed }) =>
      within(`${addressOf(to)} is behind: what the old source has now`, patience, async () =>
        mark.gtids.minus(await executed()).isEmpty ? true : null,
      ),
    );
  }

  async #lock(patience: Patience): Promise<void> {
    await this.#setReadOnly(this.#parts.old, true, patience);
    this.lockedAt = performance.now();
    this.#mark = await this.#on('old', readMark);
  }

  /** Until the server says so, whoever has done it. */
  async #setReadOnly(where: Address, isOn: boolean, patience: Patience): Promise<void> {
    const address = addressOf(where);
    const wanted = isOn ? 'locked' : 'open';
    await this.#at(where, async ({ connection, facts }) => {
      if ((await writesOf(connection, facts.flavour)) === wanted) return;
      const statements = `on ${address}: ${readOnlyStatements(facts.flavour, isOn).join('; ')};`;
      this.#setting.set(address, await connectionId(connection));
      if (!(await setReadOnly(connection, facts.flavour, isOn, this.#parts.waitMs))) this.#ask(statements);
      this.#setting.delete(address);
      await within(`read_only = ${isOn ? 'ON' : 'OFF'} on ${address}`, patience, async () =>
        (await writesOf(connection, facts.flavour)) === wanted ? true : null,
      );
      this.#asked.delete(statements);
    });
  }

  #ask(statements: string): void {
    this.#asked.add(statements);
    this.#parts.ask(statements);
  }

  /** What was asked for or sent, and has not taken effect, is not to take effect behind what is taken back. */
  async #callOff(where: Address): Promise<void> {
    const { tell } = this.#parts;
    for (const statements of this.#asked) tell(`do not run this any more: ${statements}`);
    this.#asked.clear();
    const id = this.#setting.get(addressOf(where));
    if (id === undefined) return;
    // It has ended by itself, as a rule.
    await this.#at(where, ({ connection }) => runAllowed(connection, [`KILL ${id}`])).catch(() => undefined);
    this.#setting.delete(addressOf(where));
  }

  async #drain(patience: Patience): Promise<void> {
    const mark = await this.#marked();
    await within('reading the last transaction of the old source', patience, async () => {
      const { gtidSet, isStreaming } = await this.#parts.capture.now();
      return isStreaming && hasAll(gtidSet, mark) ? true : null;
    });
  }

  async #catchUp(patience: Patience): Promise<void> {
    const mark = await this.#marked();
    await this.#on('new', ({ executed }) =>
      within('the last transaction at the new source', patience, async () =>
        mark.gtids.minus(await executed()).isEmpty ? true : null,
      ),
    );
  }

  async #move(where: Address, patience: Patience): Promise<void> {
    const { capture } = this.#parts;
    const address = addressOf(where);
    const isThere = async (): Promise<boolean> => {
      const { server, isStreaming } = await capture.now();
      return server === address && isStreaming;
    };
    await within(`the order to read ${address}`, patience, async () => {
      if (!(await isThere())) await capture.move(address);
      return true;
    });
    await within(`reading ${address}`, patience, async () => ((await isThere()) ? true : null));
  }

  async #verify(patience: Patience): Promise<void> {
    const { capture, to } = this.#parts;
    const address = addressOf(to);
    const mark = await this.#marked();
    await within(`a heartbeat of ${address}`, patience, async () => {
      const { server, isStreaming, atTip, gtidSet } = await capture.now();
      if (server !== address) throw new StepFailed(`capture reads ${server}`);
      if (!isStreaming || !atTip || !hasAll(gtidSet, mark)) return null;
      return (await capture.heartbeat()) === address ? true : null;
    });
  }

  async #release(patience: Patience): Promise<void> {
    const { to } = this.#parts;
    await this.#requireLocked();
    const before = await this.#on('new', ({ connection, facts }) => writesOf(connection, facts.flavour));
    let trouble: string | null = null;
    try {
      await this.#stopReplication(patience);
      // Statements have run since: whoever takes writes by now, two must not.
      await this.#requireLocked();
      await this.#setReadOnly(to, false, patience);
    } catch (error) {
      trouble = messageOf(error);
    }
    if (trouble !== null && !(await this.#isReleased(trouble, before))) throw new StepFailed(trouble);
    this.releasedAt = performance.now();
    await this.#tellLate();
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
    const mark = await this.#marked();
    const executed = await this.#on('new', (side) => side.executed());
    return this.#on('old', async (side) => {
      const { gtids } = await readMark(side);
      const since = gtids.minus(mark.gtids).with(gtids.minus(executed));
      return { takes: await writesOf(side.connection, side.facts.flavour), since: since.toString() };
    });
  }

  async #stopReplication(patience: Patience): Promise<void> {
    const { to } = this.#parts;
    await this.#on('new', async ({ connection, facts }) => {
      const { stop } = REPLICATION[facts.flavour];
      const statements = `on ${addressOf(to)}: ${stop};`;
      if (!(await runAllowed(connection, [stop]))) this.#ask(statements);
      await within(`${stop} on ${addressOf(to)}`, patience, async () =>
        (await replicationRows(connection, facts)).some(isActive) ? null : true,
      );
      this.#asked.delete(statements);
    });
  }

  /**
   * Whether the new source takes writes in spite of the trouble. One that does not is as read-only as before. Throws StepUnknown when that
   * cannot be seen.
   */
  async #isReleased(trouble: string, before: Writes): Promise<boolean> {
    try {
      await this.#callOff(this.#parts.to);
      return await this.#on('new', async ({ connection, facts: { flavour } }) => {
        const takes = await writesOf(connection, flavour);
        if (takes === 'open') return true;
        if (takes !== before) await runAllowed(connection, readOnlyStatements(flavour, true));
        return false;
      });
    } catch {
      throw new StepUnknown(`${trouble}; whether ${addressOf(this.#parts.to)} takes writes cannot be seen`);
    }
  }

  /** Nothing is taken back any more: what a writer that nothing stops has put into the old source since is for a person to judge. */
  async #tellLate(): Promise<void> {
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

  async #forget(patience: Patience): Promise<void> {
    const { to, ask } = this.#parts;
    await this.#on('new', async ({ connection, facts }) => {
      const { stop, forget } = REPLICATION[facts.flavour];
      if (!(await runAllowed(connection, [stop, forget]))) ask(`on ${addressOf(to)}: ${stop}; ${forget};`);
      await within(`${forget} on ${addressOf(to)}`, patience, async () =>
        (await replicationRows(connection, facts)).length === 0 ? true : null,
      );
    });
  }

  /** Applications wait for it: a new source that does not answer was never released, and holds nothing up. */
  async #unlock(patience: Patience): Promise<void> {
    const { old, to } = this.#parts;
    await this.#callOff(old);
    const takes = await this.#on('new', ({ connection, facts }) => writesOf(connection, facts.flavour)).catch(
      () => null,
    );
    if (takes === 'open')
      throw new StepFailed(`${addressOf(to)} takes writes: the old source stays read-only`);
    const own = await this.#newHasOwn().catch(() => '');
    if (own !== '')
      throw new StepFailed(`${addressOf(to)} has taken transactions: ${own}; the old source stays read-only`);
    await this.#setReadOnly(old, false, patience);
  }

  async #newHasOwn(): Promise<string> {
    const has = await this.#on('new', (side) => side.executed());
    return ownOf(has, await this.#on('old', (side) => side.executed())).toString();
  }

  async #rejoin(patience: Patience): Promise<void> {
    const { to, ask } = this.#parts;
    await this.#on('new', async ({ connection, facts }) => {
      const [channel] = await replicationRows(connection, facts);
      if (channel === undefined)
        throw new StepFailed(`${addressOf(to)} does not know any more from whom it replicated`);
      const { start } = REPLICATION[facts.flavour];
      if (!isRunning(channel) && !(await runAllowed(connection, [start])))
        ask(`on ${addressOf(to)}: ${start};`);
      await within(`${start} on ${addressOf(to)}`, patience, async () =>
        (await replicationRows(connection, facts)).every(isRunning) ? true : null,
      );
    });
  }

  /** What the old source has; of one that was locked by an earlier command, what it has now. */
  async #marked(): Promise<Mark> {
    this.#mark ??= await this.#on('old', readMark);
    return this.#mark;
  }

  #on<T>(which: 'old' | 'new', work: (side: Side) => Promise<T>): Promise<T> {
    const { old, to } = this.#parts;
    return this.#at(which === 'old' ? old : to, work);
  }

  #at<T>(where: Address, work: (side: Side) => Promise<T>): Promise<T> {
    const { config, login, waitMs } = this.#parts;
    return withSide(config, where, login, work, waitMs + ANSWER_MS);
  }
}

async function readMark({ facts: { flavour }, mark }: Side): Promise<Mark> {
  return { flavour, gtids: GtidSet.parse(flavour, await mark()) };
}

/** @param gtidSet what capture has read; null without GTIDs */
function hasAll(gtidSet: string | null, { flavour, gtids }: Mark): boolean {
  return gtidSet !== null && gtids.minus(GtidSet.parse(flavour, gtidSet)).isEmpty;
}
