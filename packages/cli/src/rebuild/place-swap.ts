import type { GroupWatch } from '@sluice/kafka';
import type { RebuildRecord, StoreRebuild } from '@sluice/sink-kit/rebuild';
import { CommandFailed } from '../operator/command-failed.ts';
import { whoAsks } from '../operator/ops-url.ts';
import type { TopicEnds } from '../operator/sink-applied.ts';
import { topicsOfTables } from './filling-group.ts';
import type { LiveSink } from './live-sink.ts';
import type { RebuildLedger } from './rebuild-ledger.ts';
import type { RebuildParts } from './rebuild-order.ts';
import { standstill } from './standstill.ts';

export interface SwapParts {
  readonly rebuild: RebuildParts;
  readonly store: StoreRebuild;
  readonly ledger: RebuildLedger;
  /** The sink that is rebuilt. */
  readonly live: LiveSink;
  readonly watch: GroupWatch;
}

/** Puts the new places where the old ones were, while the sink writes nothing. */
export class PlaceSwap {
  readonly #parts: SwapParts;

  constructor(parts: SwapParts) {
    this.#parts = parts;
  }

  /**
   * Holds the sink, and waits until the filling one has all that it has written. Resolves to the record of the swap that may be made now.
   * Throws when nothing is to be swapped, after the sink may go on.
   * @param isFilled resolves when the filling sink stands at the ends; throws CommandFailed when it cannot
   */
  async prepare(
    before: RebuildRecord,
    isFilled: (ends: TopicEnds) => Promise<void>,
    hasNoLetters: () => Promise<boolean>,
  ): Promise<RebuildRecord> {
    const { ledger, live } = this.#parts;
    const pauses = before.pauses || !(await live.isPaused());
    const record = await ledger.move({ ...before, pauses }, 'equal');
    try {
      if (pauses) await live.pause();
      const ends = await this.#standstill(record);
      await isFilled(ends);
      await this.#expectStill(ends);
      if (!(await hasNoLetters())) throw new CommandFailed('nothing was swapped');
      return record;
    } catch (error) {
      await this.holdUp(record);
      throw error;
    }
  }

  /** Throws when nothing was swapped, after the sink may go on; where the store does not say what it has done, it stays held. */
  async swap(record: RebuildRecord): Promise<void> {
    const { store } = this.#parts;
    let why: string | null;
    try {
      why = await store.swap(record);
    } catch (error) {
      if (!(await store.isSwapped(record))) await this.holdUp(record);
      throw error;
    }
    if (why === null) return;
    await this.holdUp(record);
    throw new CommandFailed(`${why}: nothing was swapped; run this command again`);
  }

  /** The old places stay in use for now. */
  async holdUp(record: RebuildRecord): Promise<RebuildRecord> {
    if (record.pauses) await this.#parts.live.resume();
    return this.#parts.ledger.move({ ...record, pauses: false }, 'held-up');
  }

  async #standstill({ tables }: RebuildRecord): Promise<TopicEnds> {
    const { live, watch } = this.#parts;
    const { config, sink, values, running } = this.#parts.rebuild;
    const ends = await standstill({
      watch,
      sink,
      group: live.group,
      topics: topicsOfTables(config, tables),
      who: whoAsks(values),
      signal: running.signal,
    });
    if (typeof ends !== 'string') return ends;
    throw new CommandFailed(`${ends}: nothing was swapped; run this command again`);
  }

  /** What somebody has resumed meanwhile may have written what the filling sink has not. */
  async #expectStill(ends: TopicEnds): Promise<void> {
    const { rebuild, live, watch } = this.#parts;
    const positions = await watch.positions(live.group, [...ends.keys()]);
    const moved = positions.find(
      ({ topic, partition, committed }) => (committed ?? 0n) > (ends.get(topic)?.[partition] ?? 0n),
    );
    if (moved === undefined && (await live.isPaused())) return;
    throw new CommandFailed(
      `sink ${rebuild.sink} was resumed by somebody: nothing was swapped; run this command again`,
    );
  }
}
