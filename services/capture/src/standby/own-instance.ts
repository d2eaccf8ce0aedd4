import { toPipelineError } from '@sluice/kafka';
import type { CaptureStateName } from '@sluice/ops-api';
import {
  aboutProcess,
  abortableDelay,
  PipelineError,
  settlesWithin,
  VERSION,
  type Logger,
} from '@sluice/runtime';
import { LEADER } from './fellows.ts';
import type { InstanceRecord, Term } from './instance-record.ts';
import type { InstancesTopic } from './instances-topic.ts';
import { OWN_MARK } from './process-mark.ts';
import { renewalMs } from './times.ts';

/** Longer than this (ms) nobody waits for a record to be stored: it is told again soon. */
const STORED_MS = 2000;

export interface OwnInstanceParts {
  readonly topic: InstancesTopic;
  readonly takeoverMs: number;
  readonly state: () => CaptureStateName;
  /** Whether what the state says is going on: a leader that does not get on gives no sign of life. */
  readonly isWell: () => boolean;
  readonly log: Logger;
}

export interface PublisherIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** What is said besides the state. */
type Said = Pick<InstanceRecord, 'handing' | 'preparedFor' | 'candidateFor' | 'request'>;
const NOTHING: Said = { handing: null, preparedFor: null, candidateFor: null, request: null };

/** What this capture says of itself to the others of its pipeline, and renews for as long as it lives. */
export class OwnInstance {
  readonly name = aboutProcess().instance;
  readonly mark = OWN_MARK;
  readonly #parts: OwnInstanceParts;
  #said = NOTHING;
  #term: Term | null = null;
  #since = new Date().toISOString();
  #isAnnounced = false;
  #isTold = true;

  constructor(parts: OwnInstanceParts) {
    this.#parts = parts;
  }

  get leads(): boolean {
    return this.#term !== null;
  }

  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** Of its own fence; null while it does not lead. */
  get term(): Term | null {
    return this.#term;
  }

  /** Since when it leads, or stands by; ISO 8601. */
  get since(): string {
    return this.#since;
  }

  /** The handover that it has said it is ready for. */
  get preparedFor(): string | null {
    return this.#said.preparedFor;
  }

  /** Says it at once. Resolves to whether it is stored; if not, it is said again with the next renewal. */
  say(said: Partial<Said>): Promise<boolean> {
    this.#said = { ...this.#said, ...said };
    this.#isAnnounced = true;
    return this.#tell(null);
  }

  /** As `say`, of an order to hand over. One that is not stored in time is taken back: who gave it is told so, and it must not be obeyed later. */
  async ask(request: NonNullable<Said['request']>): Promise<boolean> {
    if (await this.say({ request })) return true;
    if (this.#said.request?.id === request.id) void this.say({ request: null });
    return false;
  }

  /** It has fenced all others. */
  async lead({ producerId, producerEpoch }: PublisherIdentity): Promise<void> {
    const stoodBy = this.#isAnnounced && !this.leads;
    this.#term = { producerId: String(producerId), epoch: producerEpoch };
    this.#begin();
    await this.#tell(null);
    if (stoodBy) await this.#write(this.name, null);
  }

  /** It does not lead any more, and begins to stand by, if it does not end. */
  async follow(): Promise<void> {
    this.#term = null;
    this.#begin();
    await this.#tell(null);
  }

  #begin(): void {
    this.#since = new Date().toISOString();
    this.#said = NOTHING;
    this.#isAnnounced = true;
  }

  /** It has published its last. @param to who is to go on; null: whoever comes */
  async goodbye(to: string | null): Promise<void> {
    if (!this.leads) return;
    const told = this.#tell({ to });
    // A renewal meanwhile is no leader's any more: it must not take the place of the last word.
    this.#term = null;
    this.#said = NOTHING;
    await told;
  }

  /** The process ends. */
  async end(): Promise<void> {
    if (this.leads) return this.goodbye(null);
    if (this.#isAnnounced) await this.#write(this.name, null);
    this.#isAnnounced = false;
  }

  /** Says it again and again until the signal. */
  async renew(signal: AbortSignal): Promise<void> {
    const everyMs = renewalMs(this.#parts);
    while (!signal.aborted) {
      await abortableDelay(everyMs, signal).catch(() => undefined);
      if (this.#isAnnounced && !signal.aborted) await this.#tell(null);
    }
  }

  #tell(goodbye: InstanceRecord['goodbye']): Promise<boolean> {
    const { state, isWell } = this.#parts;
    const record: InstanceRecord = {
      version: 1,
      instance: this.name,
      sluice: VERSION,
      mark: OWN_MARK,
      state: state(),
      since: this.#since,
      term: this.#term,
      isWell: isWell(),
      goodbye,
      ...this.#said,
    };
    return this.#write(this.leads ? LEADER : this.name, record);
  }

  async #write(key: string, record: InstanceRecord | null): Promise<boolean> {
    let error: unknown = null;
    const written = this.#parts.topic.write(key, record).catch((thrown: unknown) => {
      error = thrown;
    });
    const isTold = (await settlesWithin(STORED_MS, written)) && error === null;
    this.#log(isTold, error);
    return isTold;
  }

  /** Once for each outage. */
  #log(isTold: boolean, error: unknown): void {
    if (isTold === this.#isTold) return;
    this.#isTold = isTold;
    const { log } = this.#parts;
    if (isTold) return log.info({ event: 'capture.heard' }, 'other captures hear of this one again');
    const { code, message: why } = toPipelineError(
      error ?? new PipelineError('KAFKA_UNREACHABLE', `no answer within ${STORED_MS / 1000} s`),
      'write the instances topic',
    );
    const message = `other captures do not hear of this one, Kafka does not store its sign of life: ${why}`;
    log.warn({ event: 'capture.unheard', code }, message);
  }
}
