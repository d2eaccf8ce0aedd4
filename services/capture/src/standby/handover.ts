import { randomUUID } from 'node:crypto';
import type { Captures } from '@sluice/ops-api';
import { abortableDelay, VERSION, type Logger } from '@sluice/runtime';
import type { Fellow } from './fellows.ts';
import type { Standby } from './standby.ts';
import { LOOK_MS, QUICK_LOOK_MS } from './times.ts';

const PREPARED_MS = 10_000;
/** Longer than between two words of a capture (ms). */
const HEARD_MS = 4000;

/** Why an order is not obeyed. */
export interface Refused {
  readonly why: string;
}

export interface HandoverParts {
  readonly standby: Standby;
  /** Ends the session, whose last words go to this instance; false when there is none. */
  readonly yieldTo: (instance: string) => boolean;
  readonly state: () => string;
  readonly isWell: () => boolean;
  /** Ends all of it. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** An order to hand over, and how it went. `to` is null while it is on its way to the capture that leads. */
export type Ordered = { readonly from: string; readonly to: string | null } | Refused;

/** Who leads, and the order to let another one lead. */
export class Handover {
  readonly #parts: HandoverParts;
  #isUnderWay = false;

  constructor(parts: HandoverParts) {
    this.#parts = parts;
  }

  /** Given here, at the capture that leads, or passed on to it. */
  async order(to: string | null): Promise<Ordered> {
    const { standby } = this.#parts;
    if (standby.own.leads) return this.#handOver(to);
    const from = standby.leader?.record.instance;
    if (from === undefined) return { why: 'no capture is known to lead' };
    if (to !== null && to !== standby.own.name && !standby.ready.some(({ record }) => record.instance === to))
      return { why: `${to} does not stand by, or has trouble` };
    if (await standby.ask(from, to)) return { from, to: null };
    return { why: 'Kafka has not stored the order in time: it is taken back' };
  }

  async #handOver(to: string | null): Promise<Ordered> {
    if (this.#isUnderWay) return { why: 'a handover is under way' };
    this.#isUnderWay = true;
    try {
      const { standby, yieldTo } = this.#parts;
      const prepared = await this.#prepare(to);
      if ('why' in prepared) return prepared;
      if (!yieldTo(prepared.to)) return { why: 'this capture does not stream' };
      return { from: standby.own.name, to: prepared.to };
    } finally {
      this.#isUnderWay = false;
    }
  }

  /**
   * Has a standby check all that it needs, while this process still streams. Resolves to its name when it is ready to begin; to why not otherwise.
   * @param to its instance; null: any
   */
  async #prepare(to: string | null): Promise<{ readonly to: string } | Refused> {
    const { standby, signal } = this.#parts;
    const instance = await this.#readyOne(to);
    if (instance === null)
      return { why: to === null ? 'no other capture stands by' : `${to} does not stand by, or has trouble` };
    const id = randomUUID();
    await standby.own.say({ handing: { id, to: instance } });
    const until = performance.now() + PREPARED_MS;
    while (performance.now() < until && standby.own.leads && !signal.aborted) {
      const fellows = await standby.look();
      if (fellows?.get(instance)?.record.preparedFor === id) return { to: instance };
      await abortableDelay(QUICK_LOOK_MS, signal).catch(() => undefined);
    }
    await standby.own.say({ handing: null });
    return { why: `${instance} has not got ready within ${PREPARED_MS / 1000} s` };
  }

  /** One that has just begun to stand by is heard of within a renewal. */
  async #readyOne(to: string | null): Promise<string | null> {
    const { standby, signal } = this.#parts;
    const until = performance.now() + HEARD_MS;
    for (;;) {
      await standby.look();
      const fellow = standby.ready.find(({ record }) => to === null || record.instance === to);
      if (fellow !== undefined) return fellow.record.instance;
      if (performance.now() > until || signal.aborted) return null;
      await abortableDelay(LOOK_MS, signal).catch(() => undefined);
    }
  }

  /** An order that a standby was given. */
  async heed(to: string | null): Promise<void> {
    const { standby, log } = this.#parts;
    if (!standby.own.leads) return;
    const ordered = await this.#handOver(to);
    if ('why' in ordered) log.warn({ event: 'capture.handover_refused' }, `no handover: ${ordered.why}`);
  }

  captures(): Captures {
    const { standby, state, isWell } = this.#parts;
    const { name: instance, since, leads, mark, isAnnounced } = standby.own;
    const self = { instance, host: mark.host, version: VERSION, state: state(), since, isWell: isWell() };
    const others = standby.standbys.map(shown);
    if (leads) return { instance, leader: self, standbys: others };
    const leader = standby.leader;
    return {
      instance,
      leader: leader === null ? null : shown(leader),
      standbys: isAnnounced ? [...others, self] : others,
    };
  }
}

function shown({ record }: Fellow): Captures['standbys'][number] {
  const { instance, mark, sluice, state, since, isWell } = record;
  return { instance, host: mark.host, version: sluice, state, since, isWell };
}
