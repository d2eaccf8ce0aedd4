import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * What to do with a request: pass it on; break the connection before the broker sees it, or after it has answered; or
 * answer in the broker's place with these bytes (the answer's body).
 */
export type Verdict = 'pass' | 'reset-before' | 'reset-after' | Buffer;

export const PRODUCE = 0;
export const OFFSET_COMMIT = 8;
export const JOIN_GROUP = 11;
export const HEARTBEAT = 12;
export const ADD_PARTITIONS = 24;
export const END_TXN = 26;

/**
 * A TCP proxy before one broker that understands the frames of Kafka's protocol just enough to break a connection at a
 * chosen request, and puts its own port where the broker's answers name the broker's.
 */
export class KafkaProxy {
  /** Asked for each request. */
  decide: (apiKey: number) => Verdict = () => 'pass';
  /** True: new connections are closed at once, as by a broker that is down. */
  down = false;
  /** Requests seen, by api key. */
  readonly seen: number[] = [];
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async before(broker: string): Promise<KafkaProxy> {
    const [host = '', port = ''] = broker.split(':');
    const proxy = new KafkaProxy({ host, port: Number(port) });
    proxy.#server.listen(0, host);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get broker(): string {
    return `${this.#target.host}:${this.#port}`;
  }

  /** Breaks every open connection. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.resetAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #accept(client: Socket): void {
    if (this.down) {
      client.destroy();
      return;
    }
    const broker = connect({ ...this.#target, noDelay: true });
    client.setNoDelay(true);
    const reset = (): void => {
      client.destroy();
      broker.destroy();
    };
    let dropAnswers = false;
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        reset();
      });
    }
    onFrames(client, (frame) => {
      const apiKey = frame.readInt16BE(4);
      this.seen.push(apiKey);
      const verdict = this.decide(apiKey);
      if (verdict === 'reset-before') reset();
      else if (Buffer.isBuffer(verdict)) client.write(answerTo(frame, verdict));
      else broker.write(frame);
      if (verdict === 'reset-after') dropAnswers = true;
    });
    onFrames(broker, (frame) => {
      if (dropAnswers) reset();
      else client.write(this.#renamed(frame));
    });
  }

  /** The broker names itself as host and port side by side: the port is replaced by the proxy's. */
  #renamed(frame: Buffer): Buffer {
    const self = Buffer.alloc(this.#target.host.length + 4);
    self.write(this.#target.host);
    self.writeInt32BE(this.#target.port, this.#target.host.length);
    for (let at = frame.indexOf(self); at >= 0; at = frame.indexOf(self, at + 1)) {
      frame.writeInt32BE(this.#port, at + this.#target.host.length);
    }
    return frame;
  }
}

/** Calls `onFrame` for each whole frame: a length (int32) and that many bytes. */
function onFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      const frame = Buffer.from(rest.subarray(0, end));
      rest = rest.subarray(end);
      onFrame(frame);
    }
  });
}

/** Response header, version 1: the request's correlation id and no tagged fields. */
function answerTo(request: Buffer, body: Buffer): Buffer {
  const answer = Buffer.alloc(9 + body.length);
  answer.writeInt32BE(5 + body.length, 0);
  request.copy(answer, 4, 8, 12);
  body.copy(answer, 9);
  return answer;
}
