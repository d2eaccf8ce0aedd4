import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../scope.ts';

/** Stands before a service, and refuses a page from its n-th call on. */
export class RefusingProxy {
  readonly url: string;
  #refused: { readonly path: string; readonly from: number } | null = null;
  #calls = 0;

  /** @param target port of the service */
  static async start(scope: Scope, target: number): Promise<RefusingProxy> {
    const server = createServer((asked, answer) => proxy.#pass(asked, answer, target));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new RefusingProxy((server.address() as AddressInfo).port);
    scope.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    return proxy;
  }

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
  }

  /** @param from the number of the first call that is refused, 1 for all */
  refuse(path: string, from = 1): void {
    this.#refused = { path, from };
    this.#calls = 0;
  }

  refuseNothing(): void {
    this.#refused = null;
  }

  #pass(asked: IncomingMessage, answer: ServerResponse, port: number): void {
    const refused = this.#refused;
    if (refused !== null && asked.url === refused.path && ++this.#calls >= refused.from) {
      asked.resume();
      answer.writeHead(503, { 'content-type': 'application/json' }).end('{"error":"refused by the test"}');
      return;
    }
    const { method, url: path, headers } = asked;
    const passed = request({ port, host: '127.0.0.1', method, path, headers }, (told) => {
      answer.writeHead(told.statusCode ?? 500, told.headers);
      told.pipe(answer);
    });
    passed.once('error', () => answer.destroy());
    asked.pipe(passed);
  }
}
