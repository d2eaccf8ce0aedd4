import { randomUUID } from 'node:crypto';
import type { TopicReader } from '@sluice/kafka';
import { abortableDelay, PipelineError, settlesWithin, type Logger } from '@sluice/runtime';
import { keptTopicsReader } from '../catalog/kept-topics.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { claimOf, signOf, type Traces } from './claim.ts';
import type { Fellow } from './fellows.ts';
import { InstancesTopic } from './instances-topic.ts';
import { newestCheckpoint } from './newest-checkpoint.ts';
import { OwnInstance, type OwnInstanceParts, type PublisherIdentity } from './own-instance.ts';
import { isGone } from './process-mark.ts';
import {
  attended,
  mayBegin,
  nearlySilent,
  needsElection,
  observe,
  UNSEEN,
  type Turn,
  type TurnEvent,
  type Why,
} from './turn.ts';

const LOOK_MS = 250;
/** While a handover is under way. */
const QUICK_LOOK_MS = 20;
/** For one answer of Kafka (ms). */
const ANSWER_MS = 2000;
/** What was checked longer ago (ms) is checked again before it begins. */
const FRESH_MS = 5000;
/** While it stands by it checks so often (ms) whether it could begin. */
const RECHECK_MS = 60_000;
const OWN_LOOKS = 20;
/** Random part of the silence (ms): two that wait begin apart. */
const SPREAD_MAX_MS = 500;
const PREPARED_MS = 10_000;
/** Longer than between two words of a capture (ms). */
const HEARD_MS = 4000;

export interface StandbyOptions extends Omit<OwnInstanceParts, 'topic' | 'takeoverMs'> {
  readonly settings: CaptureSettings;
  /** A standby was given the order that this leader hands over. @param to its instance; null: any */
  readonly onRequest: (to: string | null) => void;
  /** Ends all of it. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What standing by asks of a start. */
export interface Checks {
  /** Checks again all that a start needs. Throws where a person has to act; false when source or Kafka cannot be asked now. */
  again(): Promise<boolean>;
  /** Milliseconds since the last check. */
  ageMs(): number;
  /** It has looked at Kafka; the error where that did not answer. */
  onLook(error: PipelineError | null): void;
  /** It stands by, for this leader. */
  onWait(leader: Fellow | null): void;
}

/** Why an order is not obeyed. */
export interface Refused {
  readonly why: string;
}

/** Whose turn it is to stream, among all captures of the pipeline. */
export class Standby {
  readonly own: OwnInstance;
  readonly #options: StandbyOptions;
  readonly #topic: InstancesTopic;
  readonly #takeoverMs: number;
  #wasFenced = false;
  #looksFirst = true;
  /** Orders that came by a standby. */
  readonly #heeded = new Set<string>();

  constructor(options: StandbyOptions) {
    this.#options = options;
    this.#takeoverMs = options.settings.config.capture.standby.takeoverMs;
    this.#topic = new InstancesTopic(options.settings, options.signal);
    this.own = new OwnInstance({ ...options, topic: this.#topic, takeoverMs: this.#takeoverMs });
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

  /** Tells the others, and hears of them, until the signal. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    await Promise.all([this.own.renew(signal), this.#listen(signal)]);
  }

  /** A leader that knows who stands by can hand over at once. */
  async #listen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await abortableDelay(LOOK_MS * 2, signal).catch(() => undefined);
      if (!this.own.leads || signal.aborted) continue;
      await this.#topic.look().catch(() => undefined);
      await this.#fencedBy();
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

  /** A leader that waits for its source has no publisher that would be told. */
  async #fencedBy(): Promise<void> {
    if (this.own.leads && this.own.isPast(this.leader?.record.term ?? null)) await this.fenced();
  }

  /**
   * Resolves when it is this process's turn, with the reason: all that a start needs has just been checked then, and no other sign of the
   * leader has come. Rejects with the signal's reason, or what `checks` throw.
   */
  async awaitTurn(checks: Checks, signal: AbortSignal): Promise<Why> {
    const silenceMs = this.#takeoverMs + Math.random() * Math.min(SPREAD_MAX_MS, this.#takeoverMs / 10);
    const reader = keptTopicsReader(this.#options.settings, signal, { recoveryMs: ANSWER_MS });
    let turn = UNSEEN;
    try {
      for (;;) {
        turn = this.#observe(turn, await this.#look(reader, checks));
        const why = mayBegin(turn, { silenceMs });
        if (why === null) {
          await this.#standBy(turn, checks);
          const isFresh = checks.ageMs() <= FRESH_MS;
          // The check is not to come on top of the silence.
          if (!isFresh && nearlySilent(turn, { silenceMs }) && (await checks.again()))
            turn = attended(turn, performance.now());
        } else if (checks.ageMs() <= FRESH_MS || (await checks.again())) {
          if (!needsElection(why)) return why;
          const last = await this.#elected(turn, () => this.#look(reader, checks));
          if (last !== null && mayBegin(last, { silenceMs }) !== null) return why;
          turn = last ?? turn;
        }
        await abortableDelay(this.#isAsked ? QUICK_LOOK_MS : LOOK_MS, signal);
      }
    } finally {
      reader.close();
    }
  }

  #observe(turn: Turn, event: TurnEvent): Turn {
    return observe(turn, event, { gapMs: Math.max(this.#takeoverMs / 2, LOOK_MS * 2 + ANSWER_MS) });
  }

  async #look(reader: TopicReader, checks: Checks): Promise<TurnEvent> {
    try {
      const [checkpoint] = await Promise.all([
        newestCheckpoint(reader, this.#options.settings),
        this.#topic.look(),
      ]);
      const traces: Traces = { leader: this.leader, checkpoint };
      const { name: instance } = this.own;
      const isThere = (name: string): boolean => this.#topic.fellows.get(name) !== null;
      const [wasFenced, looksFirst] = [this.#wasFenced, this.#looksFirst];
      const asker = { instance, wasFenced, looksFirst, isGone, isThere };
      const claim = claimOf(traces, asker);
      checks.onLook(null);
      return { kind: 'looked', atMs: performance.now(), claim, sign: signOf(traces) };
    } catch (error) {
      if (!(error instanceof PipelineError) || error.errorClass !== 'retryable') throw error;
      checks.onLook(error);
      return { kind: 'blind', atMs: performance.now() };
    }
  }

  /** Whether the leader is about to hand over to this process. */
  get #isAsked(): boolean {
    return this.leader?.record.handing?.to === this.own.name;
  }

  async #standBy(turn: Turn, checks: Checks): Promise<void> {
    if (turn.kind === 'blind') return;
    this.#looksFirst = false;
    await this.#fencedBy();
    checks.onWait(this.leader);
    if (!this.own.isAnnounced) await this.own.say({});
    const handing = this.leader?.record.handing ?? null;
    if (handing === null || !this.#isAsked || handing.id === this.own.preparedFor) {
      if (checks.ageMs() > RECHECK_MS) await checks.again();
    } else if (await checks.again()) await this.own.say({ preparedFor: handing.id });
  }

  /** What the last look has shown, when this process is elected; null when it is not, or the leader has spoken. */
  async #elected(turn: Turn, look: () => Promise<TurnEvent>): Promise<Turn | null> {
    const sign = signIn(turn);
    if (sign === null || !(await this.#isElected(sign))) return null;
    const last = this.#observe(attended(turn, performance.now()), await look());
    return signIn(last) === sign ? last : null;
  }

  /** Candidates come one after the other in the topic: the first has it. That it could be written shows that Kafka takes records. */
  async #isElected(sign: string): Promise<boolean> {
    if (!(await this.own.say({ candidateFor: sign }))) return false;
    for (let looks = 0; looks < OWN_LOOKS; looks++) {
      const fellows = await this.#topic.look().catch(() => null);
      const first = fellows?.elected(sign, performance.now(), this.#takeoverMs) ?? null;
      if (first !== null) return first === this.own.name;
      await abortableDelay(QUICK_LOOK_MS, this.#options.signal);
    }
    return false;
  }

  /** It has fenced all others, and says so. */
  async lead(identity: PublisherIdentity): Promise<void> {
    this.#wasFenced = false;
    this.#looksFirst = false;
    await this.own.lead(identity);
  }

  /** Another one has fenced it: what it said itself is no reason to begin again. */
  async fenced(): Promise<void> {
    this.#wasFenced = true;
    await this.own.follow();
  }

  /** Asks the leader to hand over. Resolves to whether Kafka has stored it. */
  ask(of: string, to: string | null): Promise<boolean> {
    return this.own.say({ request: { id: randomUUID(), of, to } });
  }

  /** It has drained for this one. */
  async handedTo(to: string): Promise<void> {
    await this.own.goodbye(to);
    await this.fenced();
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

  /**
   * Has a standby check all that it needs, while this process still streams. Resolves to its name when it is ready to begin; to why not otherwise.
   * @param to its instance; null: any
   */
  async prepare(to: string | null): Promise<{ readonly to: string } | Refused> {
    const instance = await this.#readyOne(to);
    if (instance === null)
      return { why: to === null ? 'no other capture stands by' : `${to} does not stand by, or has trouble` };
    const id = randomUUID();
    await this.own.say({ handing: { id, to: instance } });
    const until = performance.now() + PREPARED_MS;
    while (performance.now() < until && this.own.leads && !this.#options.signal.aborted) {
      const fellows = await this.#topic.look().catch(() => null);
      if (fellows?.get(instance)?.record.preparedFor === id) return { to: instance };
      await abortableDelay(QUICK_LOOK_MS, this.#options.signal).catch(() => undefined);
    }
    await this.own.say({ handing: null });
    return { why: `${instance} has not got ready within ${PREPARED_MS / 1000} s` };
  }

  /** One that has just begun to stand by is heard of within a renewal. */
  async #readyOne(to: string | null): Promise<string | null> {
    const until = performance.now() + HEARD_MS;
    for (;;) {
      await this.#topic.look().catch(() => undefined);
      const fellow = this.ready.find(({ record }) => to === null || record.instance === to);
      if (fellow !== undefined) return fellow.record.instance;
      if (performance.now() > until || this.#options.signal.aborted) return null;
      await abortableDelay(LOOK_MS, this.#options.signal).catch(() => undefined);
    }
  }
}

function signIn(turn: Turn): string | null {
  return turn.kind === 'blind' ? null : turn.sign;
}
