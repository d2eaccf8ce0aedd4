import { PipelineError, type Logger, type SourceHost } from '@sluice/runtime';
import type { SourceOrder } from '../source/choose-host.ts';
import type { Source } from '../source/source.ts';

/** What is answered to an order: where capture reads until then, or why it is not taken. */
export type OrderAnswer = { readonly from: string } | { readonly why: string };

/** Which of several servers an operator wants to be read: an order counts for one session. */
export class SourceOrders {
  readonly #hosts: readonly SourceHost[];
  readonly #log: Logger;
  /** Null once a session has begun. */
  #order: SourceOrder | null = null;
  /** `host:port` of the server that was read last; null before the first session. */
  #lastRead: string | null = null;

  /** @param hosts `source.hosts` */
  constructor(hosts: readonly SourceHost[], log: Logger) {
    this.#hosts = hosts;
    this.#log = log;
  }

  /** The one that the next session has to obey. */
  get waiting(): SourceOrder | null {
    return this.#order;
  }

  /** `host:port` of the server that was read last; null before the first session. */
  get lastRead(): string | null {
    return this.#lastRead;
  }

  /**
   * @param from `host:port` that is read, or was read last
   * @param move ends the session that reads, so that the next one obeys
   */
  take(order: SourceOrder, from: string, isReading: boolean, move: () => void): OrderAnswer {
    if (!this.#hosts.some(({ host, port }) => `${host}:${port}` === order.address))
      return { why: `source.hosts does not name ${order.address}` };
    if (isReading && from === order.address) return { from };
    this.#order = order;
    const { address: to, by, reason } = order;
    this.#log.info({ event: 'source.ordered', from, to, by, reason }, `to read ${to} instead of ${from}`);
    move();
    return { from };
  }

  /** Another capture reads from here on. */
  drop(): void {
    this.#order = null;
  }

  /** A start that only a person can fix would meet the same error at the same server again. */
  giveUp(error: unknown): void {
    const order = this.#order;
    if (order === null || (error instanceof PipelineError && error.errorClass === 'retryable')) return;
    this.#order = null;
    this.#log.warn(
      { event: 'source.order_refused', server: order.address },
      `${order.address} is not read, although it was ordered: the start has failed`,
    );
  }

  /** A session reads this server. */
  obeyed({ address, passedOver }: Pick<Source, 'address' | 'passedOver'>): void {
    const order = this.#order;
    this.#order = null;
    this.#lastRead = address;
    if (order === null || order.address === address) return;
    const why = passedOver.find((host) => host.address === order.address)?.why;
    this.#log.warn(
      { event: 'source.order_refused', server: order.address },
      `${order.address} is not read, although it was ordered: ${why}`,
    );
  }
}
