import type { StreamPosition } from '../model/position.ts';

interface Waiting {
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

interface BoundaryAction extends Waiting {
  readonly mark: StreamPosition | null;
  readonly run: () => void;
}

/** What others do between two source transactions, and who waits for the checkpoint behind it. */
export class BoundaryActions {
  #actions: BoundaryAction[] = [];
  /** Those that wait for the next checkpoint to be published. */
  #awaitCheckpoint: Waiting[] = [];
  #ended: Error | null = null;

  /** Resolves when `run` has run, behind `mark`; throws what it threw or what ended the stream. */
  add(mark: StreamPosition | null, run: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) return reject(this.#ended);
      this.#actions.push({ mark, run, done: resolve, failed: reject });
    });
  }

  /** Resolves when the next checkpoint is published. To be called from within an action. */
  checkpoint(): Promise<void> {
    const published = Promise.withResolvers<void>();
    this.#awaitCheckpoint.push({ done: published.resolve, failed: published.reject });
    return published.promise;
  }

  /** Whether a checkpoint is wanted, though there may be nothing else to publish. */
  get wantCheckpoint(): boolean {
    return this.#awaitCheckpoint.length > 0;
  }

  /**
   * Runs those whose mark is passed, in the order in which they came.
   * @param afterEach what an action asks for before the next; undefined when that is nothing
   */
  async runDue(
    hasPassed: (mark: StreamPosition) => boolean,
    afterEach: () => Promise<void> | undefined,
  ): Promise<void> {
    for (const action of this.#actions) {
      if (action.mark !== null && !hasPassed(action.mark)) continue;
      this.#actions = this.#actions.filter((other) => other !== action);
      perform(action);
      const wait = afterEach();
      if (wait !== undefined) await wait;
    }
  }

  /** A checkpoint is handed over: who waits for one is told when it is published. */
  tellPublished(published: () => Promise<void>): void {
    const told = this.#awaitCheckpoint;
    this.#awaitCheckpoint = [];
    if (told.length > 0) void tell(told, published);
  }

  /** Fails those that wait, and all to come: nobody is left waiting for a stream that has ended. */
  end(why: Error): void {
    this.#ended = why;
    for (const waiting of [...this.#actions, ...this.#awaitCheckpoint]) waiting.failed(why);
    this.#actions = [];
    this.#awaitCheckpoint = [];
  }
}

function perform(action: BoundaryAction): void {
  try {
    action.run();
    action.done();
  } catch (error) {
    action.failed(error);
  }
}

async function tell(waiting: readonly Waiting[], published: () => Promise<void>): Promise<void> {
  try {
    await published();
    for (const { done } of waiting) done();
  } catch (error) {
    for (const { failed } of waiting) failed(error);
  }
}
