import type { TopicReader } from '@sluice/kafka';
import { abortableDelay, PipelineError } from '@sluice/runtime';
import { keptTopicsReader } from '../catalog/kept-topics.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { claimOf, signOf, type Traces } from './claim.ts';
import type { Fellow } from './fellows.ts';
import type { InstancesTopic } from './instances-topic.ts';
import { newestCheckpoint } from './newest-checkpoint.ts';
import type { OwnInstance, PublisherIdentity } from './own-instance.ts';
import { isGone } from './process-mark.ts';
import { ANSWER_MS, LOOK_MS, QUICK_LOOK_MS } from './times.ts';
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

/** What was checked longer ago (ms) is checked again before it begins. */
const FRESH_MS = 5000;
/** While it stands by it checks so often (ms) whether it could begin. */
const RECHECK_MS = 60_000;
const OWN_LOOKS = 20;
/** Random part of the silence (ms): two that wait begin apart. */
const SPREAD_MAX_MS = 500;

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

export interface OwnTurnParts {
  readonly settings: CaptureSettings;
  readonly topic: InstancesTopic;
  readonly own: OwnInstance;
  readonly takeoverMs: number;
  /** Ends all of it. */
  readonly signal: AbortSignal;
}

/** The turn of this process: the wait for it, and what it has been through, which decides by what it may take it. */
export class OwnTurn {
  readonly #parts: OwnTurnParts;
  readonly #own: OwnInstance;
  readonly #topic: InstancesTopic;
  #wasFenced = false;
  #looksFirst = true;

  constructor(parts: OwnTurnParts) {
    this.#parts = parts;
    this.#own = parts.own;
    this.#topic = parts.topic;
  }

  /** It has fenced all others, and says so. */
  async lead(identity: PublisherIdentity): Promise<void> {
    this.#wasFenced = false;
    this.#looksFirst = false;
    const { producerId, producerEpoch: epoch } = identity;
    this.#topic.fellows.lead({ producerId: String(producerId), epoch }, performance.now());
    await this.#own.lead(identity);
  }

  /** Another one has fenced it: what it said itself is no reason to begin again. */
  async fenced(): Promise<void> {
    this.#wasFenced = true;
    await this.#own.follow();
  }

  /** A leader that waits for its source has no publisher that would be told. */
  async heedFence(): Promise<void> {
    const { term } = this.#own;
    if (term !== null && this.#topic.fellows.isOver(term)) await this.fenced();
  }

  get #leader(): Fellow | null {
    return this.#topic.fellows.leader;
  }

  /**
   * Resolves when it is this process's turn, with the reason: all that a start needs has just been checked then, and no other sign of the
   * leader has come. Rejects with the signal's reason, or what `checks` throw.
   */
  async wait(checks: Checks, signal: AbortSignal): Promise<Why> {
    const { settings, takeoverMs } = this.#parts;
    const silenceMs = takeoverMs + Math.random() * Math.min(SPREAD_MAX_MS, takeoverMs / 10);
    const reader = keptTopicsReader(settings, signal, { recoveryMs: ANSWER_MS });
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
    return observe(turn, event, { gapMs: Math.max(this.#parts.takeoverMs / 2, LOOK_MS * 2 + ANSWER_MS) });
  }

  async #look(reader: TopicReader, checks: Checks): Promise<TurnEvent> {
    try {
      const [checkpoint] = await Promise.all([
        newestCheckpoint(reader, this.#parts.settings),
        this.#topic.look(),
      ]);
      const traces: Traces = { leader: this.#leader, checkpoint };
      const { name: instance } = this.#own;
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
    return this.#leader?.record.handing?.to === this.#own.name;
  }

  async #standBy(turn: Turn, checks: Checks): Promise<void> {
    if (turn.kind === 'blind') return;
    this.#looksFirst = false;
    await this.heedFence();
    checks.onWait(this.#leader);
    if (!this.#own.isAnnounced) await this.#own.say({});
    const handing = this.#leader?.record.handing ?? null;
    if (handing === null || !this.#isAsked || handing.id === this.#own.preparedFor) {
      if (checks.ageMs() > RECHECK_MS) await checks.again();
    } else if (await checks.again()) await this.#own.say({ preparedFor: handing.id });
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
    if (!(await this.#own.say({ candidateFor: sign }))) return false;
    for (let looks = 0; looks < OWN_LOOKS; looks++) {
      const fellows = await this.#topic.look().catch(() => null);
      const first = fellows?.elected(sign, performance.now(), this.#parts.takeoverMs) ?? null;
      if (first !== null) return first === this.#own.name;
      await abortableDelay(QUICK_LOOK_MS, this.#parts.signal);
    }
    return false;
  }
}

function signIn(turn: Turn): string | null {
  return turn.kind === 'blind' ? null : turn.sign;
}
