import { connect, type Socket } from 'node:net';
import { ConditionedPipe } from './conditioned-pipe.ts';
import type { Conditions, Direction } from './conditions.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One client's connection and the one made for it to the server. */
export class ProxyLink {
  readonly #client: Socket;
  readonly #server: Socket;

  constructor(client: Socket, target: Address, conditions: (direction: Direction) => Conditions) {
    this.#client = client;
    this.#server = connect({ ...target, noDelay: true, allowHalfOpen: true });
    client.setNoDelay(true);
    new ConditionedPipe(client, this.#server, () => conditions('requests'));
    new ConditionedPipe(this.#server, client, () => conditions('answers'));
    // A side that fails takes the other along, as it would without a proxy between.
    client.on('error', () => this.#server.resetAndDestroy());
    this.#server.on('error', () => client.resetAndDestroy());
  }

  onClose(listener: () => void): void {
    this.#client.once('close', () => {
      this.#server.destroy();
      listener();
    });
  }

  /** Both sides get a TCP reset. */
  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }
}
