import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { tableIdOf } from '@sluice/envelope';
import { GroupWatch, kafkaClient } from '@sluice/kafka';
import type { TablePlan } from '@sluice/ops-api';
import { createLogger, PipelineError } from '@sluice/runtime';
import {
  isOverdue,
  phaseAfter,
  type RebuildEvent,
  type RebuildRecord,
  type StoreRebuild,
} from '@sluice/sink-kit/rebuild';
import { selectionOf } from '@sluice/sink-kit/selection';
import { CommandFailed } from '../operator/command-failed.ts';
import type { Done } from '../operator/command.ts';
import { serviceOf, whoAsks } from '../operator/ops-url.ts';
import { plural } from '../operator/screen.ts';
import { recordsLeft, type TopicEnds } from '../operator/sink-applied.ts';
import { isFilledRight } from './compared-rebuild.ts';
import { beginAtEnds, forgetFilling, nobodyFills, putAt, topicsOfTables } from './filling-group.ts';
import { fillingSinkOf, startFilling, type FillingSink } from './filling-sink.ts';
import { failureWatch, hasNoLetters } from './filling-state.ts';
import { liveSink, type LiveSink } from './live-sink.ts';
import { plansOf, rebuiltPlans, type RebuildParts } from './rebuild-order.ts';
import { cancelSnapshots, orderSnapshots, snapshotsDone, type SnapshotRun } from './snapshot-run.ts';
import { standstill } from './standstill.ts';

const EVERY_MS = 300;
const SAID_EVERY_MS = 30_000;
const MET_MS = 60_000;
const DEFAULT_KEEP_MS = 86_400_000;

/**
 * A rebuild in places of its own. What is done stands in the store's record before the next step begins, and each step can be done once more:
 * whoever calls this after a crash, goes on.
 */
export class BesideRebuild {
  readonly #parts: RebuildParts;
  readonly #store: StoreRebuild;
  readonly #live: LiveSink;
  readonly #watch: GroupWatch;
  readonly #snapshots: SnapshotRun;
  readonly #owner = randomUUID();
  /** The record as the store had it last. */
  #saved: RebuildRecord | null = null;

  constructor(parts: RebuildParts, store: StoreRebuild) {
    const { config, sink, by, values, running, screen } = parts;
    this.#parts = parts;
    this.#store = store;
    this.#live = liveSink({ config, sink, by, screen });
    this.#watch = new GroupWatch(kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' })));
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

  /** Begins a rebuild, or goes on with the one that is under way. */
  async run(keepMs: number | null): Promise<Done> {
    const found = (await this.#underWay(keepMs)) ?? (await this.#begin(keepMs ?? DEFAULT_KEEP_MS));
    const filling = this.#fillingOf(found);
    await nobodyFills(this.#watch, filling, (line) => this.#say(line), this.#signal);
    const record = await this.#takeOver();
    if (record.phase !== 'swapping') return this.#fill(record, filling);
    if (await this.#store.isSwapped(record)) return this.#swapped(record, filling);
    // What was found equal then need not be so now, and the sink must not wait for that.
    return this.#fill(await this.#holdUp(record), filling);
  }

  /** Null when nothing is left of the rebuild before this one. Throws CommandFailed while what it has replaced is kept. */
  async #underWay(keepMs: number | null): Promise<RebuildRecord | null> {
    const record = await this.#load();
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
    const found = await this.#load();
    if (found === null) throw new CommandFailed(`no rebuild of sink ${this.#parts.sink} is under way`);
    const filling = this.#fillingOf(found);
    await nobodyFills(this.#watch, filling, (line) => this.#say(line), this.#signal);
    let record = await this.#takeOver();
    if (record.phase === 'swapping' && !(await this.#store.isSwapped(record)))
      record = await this.#holdUp(record);
    record = await this.#move(record, 'cancel');
    await cancelSnapshots(this.#snapshots, record.jobs);
    await this.#store.discard(record);
    if (record.pauses) await this.#live.resume();
    await forgetFilling(filling, (line) => this.#say(line));
    await this.#move(record, 'cancelled');
  }

  /** Removes what was replaced before its time. Throws CommandFailed where nothing is kept. */
  async removeKept(): Promise<void> {
    const record = await this.#load();
    if (record === null || record.phase !== 'kept')
      throw new CommandFailed(`nothing is kept that a rebuild of sink ${this.#parts.sink} has replaced`);
    await this.#store.removeKept(record);
    await this.#move(record, 'removed');
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
      owner: this.#owner,
      pauses: false,
    };
    const refusal = await this.#store.refusal(record);
    if (refusal !== null) throw new CommandFailed(`sink ${this.#parts.sink} cannot be rebuilt: ${refusal}`);
    const filling = this.#fillingOf(record);
    await nobodyFills(this.#watch, filling, (line) => this.#say(line), this.#signal);
    await this.#save(record);
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
        await this.#save({ ...record, jobs: [] });
        throw new CommandFailed('capture does not know the snapshots any more: run this command again');
      }
      await this.#caughtUp(filling, await this.#publishedEnds(plans), ended);
      if (!(await this.#isRight(record, plans, filling))) return this.#sayDifferent();
      swapped = await this.#readyToSwap(record, filling, ended);
      await this.#swap(swapped);
    } finally {
      await service.close();
    }
    return this.#swapped(swapped, filling);
  }

  /** The filling sink stands at the ends of the topics before the snapshots begin. */
  async #orderRows(record: RebuildRecord, filling: FillingSink): Promise<RebuildRecord> {
    await beginAtEnds(filling, record.tables);
    const jobs = await orderSnapshots(this.#snapshots, record.tables);
    return this.#save({ ...record, jobs: [...jobs] });
  }

  async #isRight(record: RebuildRecord, plans: readonly TablePlan[], filling: FillingSink): Promise<boolean> {
    const lacking = await this.#store.complete(record);
    for (const line of lacking) this.#say(line);
    if (lacking.length > 0 || !(await hasNoLetters(filling, (line) => this.#say(line)))) return false;
    return isFilledRight(this.#parts, plans, filling);
  }

  /** Holds the sink, and waits until the filling one has all that it has written. */
  async #readyToSwap(before: RebuildRecord, filling: FillingSink, ended: () => void): Promise<RebuildRecord> {
    const pauses = before.pauses || !(await this.#live.isPaused());
    const record = await this.#move({ ...before, pauses }, 'equal');
    try {
      if (pauses) await this.#live.pause();
      const ends = await this.#standstill(record);
      await this.#caughtUp(filling, ends, ended);
      await this.#expectStill(ends);
      if (!(await hasNoLetters(filling, (line) => this.#say(line))))
        throw new CommandFailed('nothing was swapped');
      return record;
    } catch (error) {
      await this.#holdUp(record);
      throw error;
    }
  }

  async #standstill({ tables }: RebuildRecord): Promise<TopicEnds> {
    const { config, sink, values } = this.#parts;
    const ends = await standstill({
      watch: this.#watch,
      sink,
      group: this.#live.group,
      topics: topicsOfTables(config, tables),
      who: whoAsks(values),
      signal: this.#signal,
    });
    if (typeof ends !== 'string') return ends;
    throw new CommandFailed(`${ends}: nothing was swapped; run this command again`);
  }

  /** What somebody has resumed meanwhile may have written what the filling sink has not. */
  async #expectStill(ends: TopicEnds): Promise<void> {
    const positions = await this.#watch.positions(this.#live.group, [...ends.keys()]);
    const moved = positions.find(
      ({ topic, partition, committed }) => (committed ?? 0n) > (ends.get(topic)?.[partition] ?? 0n),
    );
    if (moved === undefined && (await this.#live.isPaused())) return;
    throw new CommandFailed(
      `sink ${this.#parts.sink} was resumed by somebody: nothing was swapped; run this command again`,
    );
  }

  /** Throws when nothing was swapped, after the sink may go on; where the store does not say what it has done, it stays held. */
  async #swap(record: RebuildRecord): Promise<void> {
    let why: string | null;
    try {
      why = await this.#store.swap(record);
    } catch (error) {
      if (!(await this.#store.isSwapped(record))) await this.#holdUp(record);
      throw error;
    }
    if (why === null) return;
    await this.#holdUp(record);
    throw new CommandFailed(`${why}: nothing was swapped; run this command again`);
  }

  /** The old places stay in use for now. */
  async #holdUp(record: RebuildRecord): Promise<RebuildRecord> {
    if (record.pauses) await this.#live.resume();
    return this.#move({ ...record, pauses: false }, 'held-up');
  }

  async #swapped(before: RebuildRecord, filling: FillingSink): Promise<Done> {
    await this.#passGaps(before);
    await this.#store.discard(before);
    if (before.pauses) await this.#live.resume();
    await forgetFilling(filling, (line) => this.#say(line));
    const removeAfter = Date.now() + before.keepMs;
    const record = await this.#move({ ...before, pauses: false, removeAfter }, 'swapped');
    if (record.keepMs === 0) await this.removeKept();
    else this.#say(`what was replaced is kept until ${new Date(removeAfter).toISOString()}`);
    this.#say(`sink ${this.#parts.sink}: ${plural(record.tables.length, 'table')} rebuilt and swapped`);
    return true;
  }

  /** A sink that has stopped at records which are deleted continues behind them: their rows are in the new places. */
  async #passGaps({ tables }: RebuildRecord): Promise<void> {
    const { config, sink } = this.#parts;
    const { group } = this.#live;
    const positions = await this.#watch.positions(group, this.#ownTopics(tables));
    const places = positions
      .filter(({ committed, low, high }) => committed !== null && (committed < low || committed > high))
      .map(({ topic, partition, low }) => ({ topic, partition, offset: low }));
    if (places.length === 0) return;
    // It looks from time to time whether the gap is over, and is in its group for as long.
    for (const startedAt = Date.now(); ;) {
      try {
        await putAt({ config, group, sink }, places);
        break;
      } catch (error) {
        const isMet = error instanceof PipelineError && error.code === 'GROUP_ACTIVE';
        if (!isMet || Date.now() - startedAt > MET_MS) throw error;
        await delay(EVERY_MS, undefined, { signal: this.#signal });
      }
    }
    this.#say(
      `${plural(places.length, 'partition')} with deleted records: sink ${sink} continues behind them`,
    );
  }

  /** Topics that have rows of no other table. */
  #ownTopics(tables: readonly string[]): readonly string[] {
    const { config, sink, running } = this.#parts;
    const selection = selectionOf(config, sink);
    const taken = running.pipeline.tables.filter(({ database, table }) =>
      selection.takesTable(database, table),
    );
    const others = taken.map(tableIdOf).filter((id) => !tables.includes(id));
    const shared = new Set(topicsOfTables(config, others));
    return topicsOfTables(config, tables).filter((topic) => !shared.has(topic));
  }

  /** Where the topics are when capture has published all that the source has committed. */
  async #publishedEnds(plans: readonly TablePlan[]): Promise<TopicEnds> {
    const ends = new Map<string, readonly bigint[]>();
    for (const plan of plans) {
      const found = await this.#parts.running.pipeline.endsOf(plan);
      if (found.kind === 'unknown') throw new CommandFailed(`${tableIdOf(plan)}: ${found.why}`);
      for (const [topic, offsets] of found.ends) ends.set(topic, offsets);
    }
    return ends;
  }

  async #caughtUp({ group }: FillingSink, ends: TopicEnds, ended: () => void): Promise<void> {
    for (let saidAt = performance.now(); ;) {
      ended();
      const left = recordsLeft(await this.#watch.positions(group, [...ends.keys()]), ends);
      if (left === 0n) return;
      if (performance.now() - saidAt > SAID_EVERY_MS) {
        this.#say(
          `${left} records to be applied beside the old ones; a table that a policy of \`ddl\` holds waits for ever: cancel then, release it, and begin again`,
        );
        saidAt = performance.now();
      }
      await delay(EVERY_MS, undefined, { signal: this.#signal });
    }
  }

  /** Resolves when the store has the record of the next phase. Throws CommandFailed where the event has no place in this one. */
  async #move(record: RebuildRecord, event: RebuildEvent): Promise<RebuildRecord> {
    const phase = phaseAfter(record.phase, event);
    if (phase === undefined)
      throw new CommandFailed(
        `the rebuild of sink ${this.#parts.sink} is ${record.phase}: too late for that`,
      );
    const next = { ...record, phase: phase ?? record.phase };
    await this.#save(phase === null ? null : next);
    return next;
  }

  async #load(): Promise<RebuildRecord | null> {
    return (this.#saved = await this.#store.load());
  }

  /** From here on this run works on the record, and any other is told that it does not. */
  async #takeOver(): Promise<RebuildRecord> {
    const record = await this.#load();
    if (record === null) throw this.#overtaken();
    return this.#save({ ...record, owner: this.#owner });
  }

  async #save<R extends RebuildRecord | null>(record: R): Promise<R> {
    if (!(await this.#store.save(record, this.#saved))) throw this.#overtaken();
    this.#saved = record;
    return record;
  }

  #overtaken(): CommandFailed {
    return new CommandFailed(
      `another run of this command has changed the rebuild of sink ${this.#parts.sink}`,
    );
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
