interface Waiting<T> {
  readonly value: T;
  readonly outcome: PromiseWithResolvers<void>;
}

/** Sends one value after the other. Of each name the newest alone waits: what is said again and again must not queue while nothing can be sent. */
export class NewestWrites<T> {
  readonly #send: (name: string, value: T) => Promise<void>;
  /** In the order in which the names came. */
  readonly #waiting = new Map<string, Waiting<T>>();
  #isSending = false;

  /** @param send one at a time */
  constructor(send: (name: string, value: T) => Promise<void>) {
    this.#send = send;
  }

  /** Takes the place of the value of this name that has not been sent yet. Resolves when it or a newer one is sent; throws what `send` does. */
  write(name: string, value: T): Promise<void> {
    const outcome = this.#waiting.get(name)?.outcome ?? Promise.withResolvers<void>();
    this.#waiting.set(name, { value, outcome });
    if (!this.#isSending) void this.#sendAll();
    return outcome.promise;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      const [name, { value, outcome }] = next;
      await this.#send(name, value).then(outcome.resolve, outcome.reject);
    }
    this.#isSending = false;
  }

  #take(): readonly [string, Waiting<T>] | undefined {
    const [next] = this.#waiting;
    if (next !== undefined) this.#waiting.delete(next[0]);
    return next;
  }
}
