import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../harness/scope.ts';

/** An OTLP receiver over HTTP that counts what it is sent and keeps nothing. */
export interface Receiver {
  readonly url: string;
  /** Requests with spans so far. */
  readonly requests: () => number;
}

export async function startReceiver(scope: Scope): Promise<Receiver> {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      requests++;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests };
}
