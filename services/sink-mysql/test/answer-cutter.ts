import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that can lose one answer: the statement reaches the server, what the server says does not come back. */
export class AnswerCutter {
  readonly port: number;
  readonly #close: () => void;
  readonly #armed: { pattern: string | null };

  static async before(target: { readonly host: string; readonly port: number }): Promise<AnswerCutter> {
    const armed: { pattern: string | null } = { pattern: null };
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const upstream = connect(target.port, target.host);
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => sockets.delete(socket));
      }
      join(client, upstream, armed);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const close = (): void => {
      for (const socket of sockets) socket.destroy();
      server.close();
    };
    return new AnswerCutter(port, armed, close);
  }

  private constructor(port: number, armed: { pattern: string | null }, close: () => void) {
    this.port = port;
    this.#armed = armed;
    this.#close = close;
  }

  /** The next statement with this text gets no answer: its connection is cut instead. */
  loseAnswerTo(pattern: string): void {
    this.#armed.pattern = pattern;
  }

  close(): void {
    this.#close();
  }
}

function join(client: Socket, upstream: Socket, armed: { pattern: string | null }): void {
  let losing = false;
  client.on('data', (bytes) => {
    if (armed.pattern !== null && bytes.includes(armed.pattern)) {
      armed.pattern = null;
      losing = true;
    }
    upstream.write(bytes);
  });
  upstream.on('data', (bytes) => {
    if (losing) client.destroy();
    else client.write(bytes);
  });
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
}
