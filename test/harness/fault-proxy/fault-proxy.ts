import { createServer, type Server, type Socket } from 'node:net';
import { freePorts } from '@sluice/local-stack';
import { CLEAR, type Conditions, type Direction } from './conditions.ts';
import { ProxyLink, type Address } from './proxy-link.ts';

const HOST = '127.0.0.1';

/**
 * A TCP proxy between a service and a server, through which a test makes the network fail. All connections share its
 * conditions; a change of them holds at once, for bytes that are on their way too.
 */
export class FaultProxy {
  readonly port: number;
  #target: Address;
  /** One connection that is to go elsewhere: how many come before it. */
  #stray: { left: number; readonly target: Address } | null = null;
  readonly #links = new Set<ProxyLink>();
  #conditions: Readonly<Record<Direction, Conditions>> = { requests: CLEAR, answers: CLEAR };
  #server: Server;

  /** Listens on the loopback interface; without a port on one that nobody else is given while it refuses. */
  static async start(target: Address, port?: number): Promise<FaultProxy> {
    const [free = 0] = port === undefined ? await freePorts(1) : [port];
    const proxy = new FaultProxy(target, free);
    await proxy.#listen();
    return proxy;
  }

  private constructor(target: Address, port: number) {
    this.#target = target;
    this.port = port;
    this.#server = this.#newServer();
  }

  get host(): string {
    return HOST;
  }

  get target(): Address {
    return this.#target;
  }

  /** As a name or an address that moves: connections that there are end, new ones go there. */
  moveTo(target: Address): void {
    this.leadTo(target);
    this.reset();
  }

  /** As a name that moves while its old server lives: new connections go there, those that there are live on. */
  leadTo(target: Address): void {
    this.#target = target;
  }

  /** As an address that spreads connections over servers: of those that come from now on, one goes there. @param place 1 for the first */
  strayAt(place: number, target: Address): void {
    this.#stray = { left: place - 1, target };
  }

  /** Whether the connection of `strayAt` is still to come. */
  get willStray(): boolean {
    return this.#stray !== null;
  }

  get connections(): number {
    return this.#links.size;
  }

  /** Lays conditions over one direction, or both. */
  impose(conditions: Partial<Conditions>, direction: Direction | 'both' = 'both'): void {
    const { requests, answers } = this.#conditions;
    this.#conditions = {
      requests: direction === 'answers' ? requests : { ...requests, ...conditions },
      answers: direction === 'requests' ? answers : { ...answers, ...conditions },
    };
  }

  /** Every condition ends; what was held goes on. */
  clear(): void {
    this.#conditions = { requests: CLEAR, answers: CLEAR };
  }

  /** Resets every connection that there is now. */
  reset(): void {
    for (const link of this.#links) link.reset();
  }

  /** The server seems to be gone: connections are reset, new ones refused. */
  async refuse(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.reset();
    await closed;
  }

  /** Ends `refuse`: it listens again, on the same port. */
  async accept(): Promise<void> {
    this.#server = this.#newServer();
    await this.#listen();
  }

  async close(): Promise<void> {
    this.clear();
    if (this.#server.listening) await this.refuse();
  }

  #newServer(): Server {
    return createServer({ allowHalfOpen: true }, (client: Socket) => {
      const link = new ProxyLink(client, this.#nextTarget(), (direction) => this.#conditions[direction]);
      this.#links.add(link);
      link.onClose(() => this.#links.delete(link));
    });
  }

  #nextTarget(): Address {
    const stray = this.#stray;
    if (stray === null) return this.#target;
    if (stray.left-- > 0) return this.#target;
    this.#stray = null;
    return stray.target;
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.port, HOST, resolve);
    });
  }
}
