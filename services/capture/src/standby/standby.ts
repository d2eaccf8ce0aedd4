import { randomUUID } from 'node:crypto';
import { abortableDelay, settlesWithin, type Logger } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { Fellow, Fellows } from './fellows.ts';
import { InstancesTopic } from './instances-topic.ts';
import { OwnInstance, type OwnInstanceParts } from './own-instance.ts';
import { OwnTurn } from './own-turn.ts';
import { ANSWER_MS, LOOK_MS } from './times.ts';

export interface StandbyOptions extends Omit<OwnInstanceParts, 'topic' | 'takeoverMs'> {
  readonly settings: CaptureSettings;
  /** A standby was given the order that this leader hands over. @param to its instance; null: any */
  readonly onRequest: (to: string | null) => void;
  /** Ends all of it. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Whose turn it is to stream, among all captures of the pipeline. */
export class Standby {
  readonly own: OwnInstance;
  readonly turn: OwnTurn;
  readonly #options: StandbyOptions;
  readonly #topic: InstancesTopic;
  readonly #takeoverMs: number;
  /** Orders that came by a standby. */
  readonly #heeded = new Set<string>();

  constructor(options: StandbyOptions) {
    this.#options = options;
    this.#takeoverMs = options.settings.config.capture.standby.takeoverMs;
    this.#topic = new InstancesTopic(options.settings, options.signal);
    this.own = new OwnInstance({ ...options, topic: this.#topic, takeoverMs: this.#takeoverMs });
    const { settings, signal } = options;
    this.turn = new OwnTurn({
      settings,
      topic: this.#topic,
      own: this.own,
      takeoverMs: this.#takeoverMs,
      signal,
    });
  }

  /** All that the topic tells by now; null when Kafka does not answer. */
  look(): Promise<Fellows | null> {
    return this.#topic.look().catch(() => null);
  }

  /** The newest word of whoever leads; null when none is known. */
  get leader(): Fellow | null {
    return this.#topic.fellows.leader;
  }

  /** The other captures that stand by. */
  get standbys(): readonly Fellow[] {
    const all = this.#topic.fellows.standbys(performance.now(), this.#takeoverMs);
    return all.filter(({ record }) => record.instance !== this.own.name);
  }

  /** Tells the others, and is told of them, until the signal. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    await Promise.all([this.own.renew(signal), this.#listen(signal)]);
  }

  /** A leader that knows who stands by can hand over at once. */
  async #listen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await abortableDelay(LOOK_MS * 2, signal).catch(() => undefined);
      if (!this.own.leads || signal.aborted) continue;
      await this.look();
      await this.turn.heedFence();
      this.#heed();
    }
  }

  /** Each order once; those to this leader alone. */
  #heed(): void {
    for (const { record } of this.standbys) {
      const { request } = record;
      if (request === null || request.of !== this.own.name || this.#heeded.has(request.id)) continue;
      this.#heeded.add(request.id);
      this.#options.onRequest(request.to);
    }
  }

  /** Asks the leader to hand over. Resolves to whether Kafka has stored it; if not, it is taken back. */
  ask(of: string, to: string | null): Promise<boolean> {
    return this.own.ask({ id: randomUUID(), of, to });
  }

  /** It has drained for this one. */
  async handedTo(to: string): Promise<void> {
    await this.own.goodbye(to);
    await this.turn.fenced();
  }

  /** The process ends: a standby that is there is named. */
  async end(): Promise<void> {
    const [next] = this.ready;
    if (this.own.leads) await this.own.goodbye(next?.record.instance ?? null);
    await this.own.end();
    await settlesWithin(ANSWER_MS, this.#topic.close());
  }

  /** Standbys that have nothing against beginning. */
  get ready(): readonly Fellow[] {
    return this.standbys.filter(({ record }) => record.state === 'standby' && record.isWell);
  }
}
