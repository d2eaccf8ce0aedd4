import type { SqlDriver } from './driver.ts';
import type { PoolWatch } from './pool-gauges.ts';

/** Is told of a COMMIT: without an answer nobody knows what became of it. */
export interface CommitWatcher {
  /** The COMMIT is about to be sent. */
  sent(): void;
  /** The server has confirmed it. */
  committed(): void;
}

/** Connections of a store, each lent for a bounded time. */
export class Sessions<C> {
  readonly driver: SqlDriver<C>;
  readonly #timeoutMs: number;
  readonly #watch: PoolWatch;
  #inUse = 0;
  #waiting = 0;

  /** @param timeoutMs for which a connection is lent at most, in milliseconds */
  constructor(driver: SqlDriver<C>, timeoutMs: number, watch: PoolWatch = () => undefined) {
    this.driver = driver;
    this.#timeoutMs = timeoutMs;
    this.#watch = watch;
  }

  /**
   * Lends a connection to `work`. After a failure of the connection, a timeout or an abort it is destroyed, never lent
   * again: the server rolls back what was open. Errors come out as PipelineErrors.
   */
  async run<T>(signal: AbortSignal, work: (connection: C) => Promise<T>): Promise<T> {
    const { driver } = this;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    const connection = await this.#acquire(deadline);
    this.#count(1, 0);
    let healthy = false;
    try {
      const result = await this.#until(deadline, work(connection));
      healthy = true;
      return result;
    } catch (error) {
      const failure = driver.toError(error, 'item');
      healthy = !deadline.aborted && (await this.#rolledBack(connection));
      throw failure;
    } finally {
      if (healthy) driver.release(connection);
      else driver.destroy(connection);
      this.#count(-1, 0);
    }
  }

  /** As `run`, for what no batch has to be given up for. */
  async runAlone<T>(work: (connection: C) => Promise<T>): Promise<T> {
    return await this.run(new AbortController().signal, work);
  }

  async #acquire(deadline: AbortSignal): Promise<C> {
    const { driver } = this;
    try {
      return await this.#until(deadline, this.#ask(), (late) => driver.release(late));
    } catch (error) {
      throw driver.toError(error, 'connection');
    }
  }

  /** One that nobody waits for any more stands in the pool's queue until it gets its turn. */
  async #ask(): Promise<C> {
    this.#count(0, 1);
    try {
      return await this.driver.acquire();
    } finally {
      this.#count(0, -1);
    }
  }

  #count(inUse: number, waiting: number): void {
    this.#inUse += inUse;
    this.#waiting += waiting;
    this.#watch(this.#inUse, this.#waiting);
  }

  async #rolledBack(connection: C): Promise<boolean> {
    try {
      await this.driver.rollBack(connection);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * A driver may never settle the statements of a destroyed connection, so a deadline has to be raced with them.
   * @param tooLate gets what `work` gives when nobody waits for it any more
   */
  async #until<T>(deadline: AbortSignal, work: Promise<T>, tooLate?: (late: T) => void): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const give = (): void => reject(this.driver.unanswered());
    if (deadline.aborted) give();
    deadline.addEventListener('abort', give, { once: true });
    try {
      return await Promise.race([promise, work]);
    } catch (error) {
      work.then(tooLate, () => undefined);
      throw error;
    } finally {
      deadline.removeEventListener('abort', give);
    }
  }
}

/** `work` inside BEGIN … COMMIT; the rollback of a failed one is the lender's. */
export async function inTransaction<C>(
  driver: SqlDriver<C>,
  connection: C,
  work: () => Promise<CommitWatcher>,
): Promise<void> {
  await driver.change(connection, 'BEGIN');
  const watcher = await work();
  watcher.sent();
  await driver.change(connection, 'COMMIT');
  watcher.committed();
}
