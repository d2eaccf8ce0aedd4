import { tableIdOf } from '@sluice/envelope';
import { GroupWatch, kafkaClient } from '@sluice/kafka';
import type { TablePlan } from '@sluice/ops-api';
import { createLogger } from '@sluice/runtime';
import { isOverdue, type RebuildRecord, type StoreRebuild } from '@sluice/sink-kit/rebuild';
import { CommandFailed } from '../operator/command-failed.ts';
import type { Done } from '../operator/command.ts';
import { serviceOf } from '../operator/ops-url.ts';
import { plural } from '../operator/screen.ts';
import type { TopicEnds } from '../operator/sink-applied.ts';
import { isFilledRight } from './compared-rebuild.ts';
import { passDeleted } from './deleted-records.ts';
import { beginAtEnds, forgetFilling, nobodyFills } from './filling-group.ts';
import { caughtUp, publishedEnds, type FillingProgress } from './filling-progress.ts';
import { fillingSinkOf, startFilling, type FillingSink } from './filling-sink.ts';
import { failureWatch, hasNoLetters } from './filling-state.ts';
import { liveSink, type LiveSink } from './live-sink.ts';
import { PlaceSwap } from './place-swap.ts';
import { RebuildLedger } from './rebuild-ledger.ts';
import { plansOf, rebuiltPlans, type RebuildParts } from './rebuild-order.ts';
import { cancelSnapshots, orderSnapshots, snapshotsDone, type SnapshotRun } from './snapshot-run.ts';

const DEFAULT_KEEP_MS = 86_400_000;

/**
 * A rebuild in places of its own. What is done stands in the store's record before the next step begins, and each step can be done again:
 * whoever calls this after a crash, continues.
 */
export class BesideRebuild {
  readonly #parts: RebuildParts;
  readonly #store: StoreRebuild;
  readonly #live: LiveSink;
  readonly #watch: GroupWatch;
  readonly #snapshots: SnapshotRun;
  readonly #ledger: RebuildLedger;
  readonly #swap: PlaceSwap;

  constructor(parts: RebuildParts, store: StoreRebuild) {
    const { config, sink, by, values, running, screen } = parts;
    this.#parts = parts;
    this.#store = store;
    this.#live = liveSink({ config, sink, by, screen });
    this.#watch = new GroupWatch(kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' })));
    this.#ledger = new RebuildLedger(store, sink);
    this.#swap = new PlaceSwap({
      rebuild: parts,
      store,
      ledger: this.#ledger,
      live: this.#live,
      watch: this.#watch,
    });
    this.#snapshots = {
      capture: serviceOf(config, ['capture'], values),
      by,
      say: (line) => screen.say(line),
      signal: running.signal,
    };
  }

  close(): Promise<void> {
    return this.#watch.close();
  }

  /** Begins a rebuild, or continues with the one that is under way. */
  async run(keepMs: number | null): Promise<Done> {
    const found = (await this.#underWay(keepMs)) ?? (await this.#begin(keepMs ?? DEFAULT_KEEP_MS));
    const filling = this.#fillingOf(found);
    await nobodyFills(this.#watch, filling, (line) => this.#say(line), this.#signal);
    const record = await this.#ledger.takeOver();
    if (record.phase !== 'swapping') return this.#fill(record, filling);
    if (await this.#store.isSwapped(record)) return this.#swapped(record, filling);
    // What was found equal then need not be so now, and the sink must not wait for that.
    return this.#fill(await this.#swap.holdUp(record), filling);
  }

  /** Null when nothing is left of the rebuild before this one. Throws CommandFailed while what it has replaced is kept. */
  async #underWay(keepMs: number | null): Promise<RebuildRecord | null> {
    const record = await this.#ledger.load();
    if (record?.phase === 'kept' && !isOverdue(record, Date.now())) this.#refuseKept(record);
    if (record?.phase === 'kept') await this.removeKept();
    if (record?.phase === 'cancelling') await this.cancel();
    if (record?.phase !== 'filling' && record?.phase !== 'swapping') return null;
    const named =
      this.#parts.values.texts('table').length > 0 ? rebuiltPlans(this.#parts).map(tableIdOf) : null;
    const isOther = named !== null && named.join() !== record.tables.join();
    if (isOther || (keepMs !== null && keepMs !== record.keepMs))
      throw new CommandFailed(
        `a rebuild of ${record.tables.join(', ')} is under way: leave out --table and --keep to continue it, or take it away by --cancel --yes`,
      );
    return record;
  }

  /** Takes away what was filled; the old places stay as they are. Throws CommandFailed when it is too late for that. */
  async cancel(): Promise<void> {
    const found = await this.#ledger.load();
    if (found === null) throw new CommandFailed(`no rebuild of sink ${this.#parts.sink} is under way`);
    const filling = this.#fillingOf(found);
    await nobodyFills(this.#watch, filling, (line) => this.#say(line), this.#signal);
    let record = await this.#ledger.takeOver();
    if (record.phase === 'swapping' && !(await this.#store.isSwapped(record)))
      record = await this.#swap.holdUp(record);
    record = await this.#ledger.move(record, 'cancel');
    await cancelSnapshots(this.#snapshots, record.jobs);
    await this.#store.discard(record);
    if (record.pauses) await this.#live.resume();
    await forgetFilling(filling, (line) => this.#say(line));
    await this.#ledger.move(record, 'cancelled');
  }

  /** Removes what was replaced before its time. Throws CommandFailed where nothing is kept. */
  async removeKept(): Promise<void> {
    const record = await this.#ledger.load();
    if (record === null || record.phase !== 'kept')
      throw new CommandFailed(`nothing is kept that a rebuild of sink ${this.#parts.sink} has replaced`);
    await this.#store.removeKept(record);
    await this.#ledger.move(record, 'removed');
  }

  async #begin(keepMs: number): Promise<RebuildRecord> {
    const record: RebuildRecord = {
      version: 1,
      id: Date.now().toString(36),
      phase: 'filling',
      tables: rebuiltPlans(this.#parts).map(tableIdOf),
      jobs: [],
      startedAt: Date.now(),
      keepMs,
      removeAfter: null,
      owner: this.#ledger.owner,
      pauses: false,
    };
    const refusal = await this.#store.refusal(record);
    if (refusal !== null) throw new CommandFailed(`sink ${this.#parts.sink} cannot be rebuilt: ${refusal}`);
    const filling = this.#fillingOf(record);
    await nobodyFills(this.#watch, filling, (line) => this.#say(line), this.#signal);
    await this.#ledger.save(record);
    await forgetFilling(filling, (line) => this.#say(line));
    this.#say(
      `${plural(record.tables.length, 'table')} of sink ${this.#parts.sink}: being filled beside the old ones`,
    );
    return record;
  }

  /** The filling sink stays in its group until the swap is on record: nobody else begins before. */
  async #fill(from: RebuildRecord, filling: FillingSink): Promise<Done> {
    const plans = plansOf(this.#parts, from.tables);
    const record = from.jobs.length === 0 ? await this.#orderRows(from, filling) : from;
    const service = startFilling(filling, this.#store, (line) => this.#say(line));
    let swapped: RebuildRecord | null = null;
    try {
      const ended = failureWatch(service);
      if (!(await snapshotsDone(this.#snapshots, record.jobs, ended))) {
        await this.#ledger.save({ ...record, jobs: [] });
        throw new CommandFailed('capture does not know the snapshots any more: run this command again');
      }
      const isFilled = (ends: TopicEnds): Promise<void> => caughtUp(this.#progressOf(filling), ends, ended);
      await isFilled(await publishedEnds(this.#parts.running, plans));
      if (!(await this.#isRight(record, plans, filling))) return this.#sayDifferent();
      swapped = await this.#swap.prepare(record, isFilled, () => this.#hasNoLetters(filling));
      await this.#swap.swap(swapped);
    } finally {
      await service.close();
    }
    return this.#swapped(swapped, filling);
  }

  /** The filling sink stands at the ends of the topics before the snapshots begin. */
  async #orderRows(record: RebuildRecord, filling: FillingSink): Promise<RebuildRecord> {
    await beginAtEnds(filling, record.tables);
    const jobs = await orderSnapshots(this.#snapshots, record.tables);
    return this.#ledger.save({ ...record, jobs: [...jobs] });
  }

  async #isRight(record: RebuildRecord, plans: readonly TablePlan[], filling: FillingSink): Promise<boolean> {
    const lacking = await this.#store.complete(record);
    for (const line of lacking) this.#say(line);
    if (lacking.length > 0 || !(await this.#hasNoLetters(filling))) return false;
    return isFilledRight(this.#parts, plans, filling);
  }

  async #swapped(before: RebuildRecord, filling: FillingSink): Promise<Done> {
    await passDeleted(this.#parts, this.#watch, this.#live.group, before.tables);
    await this.#store.discard(before);
    if (before.pauses) await this.#live.resume();
    await forgetFilling(filling, (line) => this.#say(line));
    const removeAfter = Date.now() + before.keepMs;
    const record = await this.#ledger.move({ ...before, pauses: false, removeAfter }, 'swapped');
    if (record.keepMs === 0) await this.removeKept();
    else this.#say(`what was replaced is kept until ${new Date(removeAfter).toISOString()}`);
    this.#say(`sink ${this.#parts.sink}: ${plural(record.tables.length, 'table')} rebuilt and swapped`);
    return true;
  }

  #refuseKept({ removeAfter }: RebuildRecord): never {
    const { sink } = this.#parts;
    const until = new Date(removeAfter ?? 0).toISOString();
    throw new CommandFailed(
      `what the last rebuild of sink ${sink} has replaced is kept until ${until}: sluice sink rebuild --sink ${sink} --remove-kept --yes removes it now`,
    );
  }

  #sayDifferent(): Done {
    const command = `sluice sink rebuild --sink ${this.#parts.sink}`;
    this.#say(
      `not swapped: find out why (sluice dlq list), and run ${command} --yes again, or ${command} --cancel --yes`,
    );
    return 'different';
  }

  #hasNoLetters(filling: FillingSink): Promise<boolean> {
    return hasNoLetters(filling, (line) => this.#say(line));
  }

  #progressOf({ group }: FillingSink): FillingProgress {
    return { watch: this.#watch, group, say: (line) => this.#say(line), signal: this.#signal };
  }

  #fillingOf(record: RebuildRecord): FillingSink {
    return fillingSinkOf(this.#parts.config, this.#parts.sink, this.#store, record);
  }

  #say(line: string): void {
    this.#parts.screen.say(line);
  }

  get #signal(): AbortSignal {
    return this.#parts.running.signal;
  }
}
