import { abortableDelay, fullJitter } from '@sluice/runtime';

/** kafkajs adds 100 ms or more of its own. A topic that comes back is read within the longest of them. */
const RESTART_BACKOFF = { initialMs: 100, maxMs: 5_000 };

/**
 * How long a consumer that has crashed waits before it starts again. kafkajs waits 100 ms each time: a consumer whose topic is
 * missing would ask, crash and say so ten times a second until somebody makes the topic.
 */
export class ConsumerRestarts {
  readonly #stopping: AbortSignal;
  readonly #random: () => number;
  #crashes = 0;

  constructor(stopping: AbortSignal, random: () => number = Math.random) {
    this.#stopping = stopping;
    this.#random = random;
  }

  /** It is in its group again: the next crash is another one. */
  joined(): void {
    this.#crashes = 0;
  }

  /**
   * Resolves when the consumer may start: to false when it is to stop, or a request was not answered. kafkajs would begin at
   * the broker that it began at, which may be the one that is frozen; a new consumer begins at any.
   */
  async mayRestart(error: Error): Promise<boolean> {
    if (isUnanswered(error)) return false;
    const waitMs = fullJitter(this.#crashes++, RESTART_BACKOFF, this.#random);
    await abortableDelay(waitMs, this.#stopping).catch(() => undefined);
    return !this.#stopping.aborted;
  }
}

function isUnanswered(error: Error): boolean {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.name === 'KafkaJSRequestTimeoutError';
}
