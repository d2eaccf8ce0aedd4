import { answerOf } from '@sluice/mysql';
import type { GtidSet } from '../orphans/gtid-set.ts';
import type { Address } from '../orphans/masters.ts';
import { replicationRows } from '../source/replica.ts';
import { hasAll, LastTransaction, readMark } from './last-transaction.ts';
import { preflight } from './preflight.ts';
import { runAllowed, writesOf, type Writes } from './read-only.ts';
import { Release } from './release.ts';
import { isRunning, REPLICATION } from './replica-of.ts';
import { addressOf, ANSWER_MS, Servers, type DeedParts } from './servers.ts';
import { ownOf, withSide } from './side.ts';
import type { Step, UndoStep } from './steps.ts';
import { StepFailed, within, type Patience } from './within.ts';
import { WriteLocks } from './write-locks.ts';

/** So long the old source stays closed for a new one that hangs (ms). */
const NEW_MS = ANSWER_MS / 2;

/** What the steps of a switchover do. Each throws StepFailed, StepUnknown or the error of who was asked. */
export class Deeds {
  readonly #parts: DeedParts;
  readonly #servers: Servers;
  readonly #locks: WriteLocks;
  readonly #last: LastTransaction;
  readonly #release: Release;
  /** When the old source took no more writes, and when the new one took them (ms, monotonic). */
  lockedAt: number | null = null;
  releasedAt: number | null = null;

  constructor(parts: DeedParts) {
    this.#parts = parts;
    const servers = new Servers(parts);
    const locks = new WriteLocks(servers, parts);
    const last = new LastTransaction(servers);
    this.#servers = servers;
    this.#locks = locks;
    this.#last = last;
    this.#release = new Release({ old: parts.old, to: parts.to, tell: parts.tell, servers, locks, last });
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
        return this.#releaseNew(patience);
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
    const mark = await this.#servers.on('old', readMark);
    await within('reading what the old source has now, before it is locked,', patience, async () => {
      const { gtidSet, isStreaming } = await capture.now();
      return isStreaming && hasAll(gtidSet, mark) ? true : null;
    });
    await this.#servers.on('new', ({ executed }) =>
      within(`${addressOf(to)} is behind: what the old source has now`, patience, async () =>
        mark.gtids.minus(await executed()).isEmpty ? true : null,
      ),
    );
  }

  async #lock(patience: Patience): Promise<void> {
    await this.#locks.set(this.#parts.old, true, patience);
    this.lockedAt = performance.now();
    await this.#last.note();
  }

  async #drain(patience: Patience): Promise<void> {
    const mark = await this.#last.mark();
    await within('reading the last transaction of the old source', patience, async () => {
      const { gtidSet, isStreaming } = await this.#parts.capture.now();
      return isStreaming && hasAll(gtidSet, mark) ? true : null;
    });
  }

  async #catchUp(patience: Patience): Promise<void> {
    const mark = await this.#last.mark();
    await this.#servers.on('new', ({ executed }) =>
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
    const mark = await this.#last.mark();
    await within(`a heartbeat of ${address}`, patience, async () => {
      const { server, isStreaming, atTip, gtidSet } = await capture.now();
      if (server !== address) throw new StepFailed(`capture reads ${server}`);
      if (!isStreaming || !atTip || !hasAll(gtidSet, mark)) return null;
      return (await capture.heartbeat()) === address ? true : null;
    });
  }

  async #releaseNew(patience: Patience): Promise<void> {
    await this.#release.run(patience);
    this.releasedAt = performance.now();
    await this.#release.tellLate();
  }

  async #forget(patience: Patience): Promise<void> {
    const { to, ask } = this.#parts;
    await this.#servers.on('new', async ({ connection, facts }) => {
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
    await this.#locks.callOff(old);
    const { takes, has } = await this.#newNow();
    if (takes === 'open')
      throw new StepFailed(`${addressOf(to)} takes writes: the old source stays read-only`);
    const own = has === null ? '' : await this.#ownOfNew(has).catch(() => '');
    if (own !== '')
      throw new StepFailed(`${addressOf(to)} has taken transactions: ${own}; the old source stays read-only`);
    await this.#locks.set(old, false, patience);
  }

  /** What the new source answers, in a time that leaves the step its own. */
  async #newNow(): Promise<{ readonly takes: Writes | null; readonly has: GtidSet | null }> {
    const now: { takes: Writes | null; has: GtidSet | null } = { takes: null, has: null };
    const asked = this.#servers.on('new', async ({ connection, facts, executed }) => {
      now.takes = await writesOf(connection, facts.flavour);
      now.has = await executed();
    });
    await answerOf(asked, NEW_MS).catch(() => undefined);
    return now;
  }

  async #ownOfNew(has: GtidSet): Promise<string> {
    return ownOf(has, await this.#servers.on('old', (side) => side.executed())).toString();
  }

  async #rejoin(patience: Patience): Promise<void> {
    const { to, ask } = this.#parts;
    await this.#servers.on('new', async ({ connection, facts }) => {
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
}
