import { randomUUID } from 'node:crypto';
import {
  phaseAfter,
  type RebuildEvent,
  type RebuildRecord,
  type StoreRebuild,
} from '@sluice/sink-kit/rebuild';
import { CommandFailed } from '../operator/command-failed.ts';

/** The record of a rebuild, as the store has it: who works on it, and how far it is. */
export class RebuildLedger {
  readonly #store: Pick<StoreRebuild, 'load' | 'save'>;
  readonly #sink: string;
  /** Of this run. */
  readonly owner = randomUUID();
  /** The record as the store had it last. */
  #saved: RebuildRecord | null = null;

  constructor(store: Pick<StoreRebuild, 'load' | 'save'>, sink: string) {
    this.#store = store;
    this.#sink = sink;
  }

  async load(): Promise<RebuildRecord | null> {
    return (this.#saved = await this.#store.load());
  }

  /** From here on this run works on the record, and any other is told that it does not. */
  async takeOver(): Promise<RebuildRecord> {
    const record = await this.load();
    if (record === null) throw this.#overtaken();
    return this.save({ ...record, owner: this.owner });
  }

  /** Throws CommandFailed when another run has changed the record since it was loaded. */
  async save<R extends RebuildRecord | null>(record: R): Promise<R> {
    if (!(await this.#store.save(record, this.#saved))) throw this.#overtaken();
    this.#saved = record;
    return record;
  }

  /** Resolves when the store has the record of the next phase. Throws CommandFailed where the event has no place in this one. */
  async move(record: RebuildRecord, event: RebuildEvent): Promise<RebuildRecord> {
    const phase = phaseAfter(record.phase, event);
    if (phase === undefined)
      throw new CommandFailed(`the rebuild of sink ${this.#sink} is ${record.phase}: too late for that`);
    const next = { ...record, phase: phase ?? record.phase };
    await this.save(phase === null ? null : next);
    return next;
  }

  #overtaken(): CommandFailed {
    return new CommandFailed(`another run of this command has changed the rebuild of sink ${this.#sink}`);
  }
}
