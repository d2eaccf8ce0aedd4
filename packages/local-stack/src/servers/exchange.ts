import { connect } from 'node:net';

const TIMEOUT_MS = 2_000;

/**
 * Connects, sends `request` (null: the server speaks first) and collects bytes until `complete` says so.
 * Null when nothing listens, the connection breaks or the answer takes more than 2 s.
 */
export function exchange(
  host: string,
  port: number,
  request: Buffer | null,
  complete: (received: Buffer) => boolean,
): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    let received = Buffer.alloc(0);
    const finish = (answer: Buffer | null): void => {
      resolve(answer);
      socket.destroy();
    };
    socket.on('connect', () => {
      if (request !== null) socket.write(request);
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (complete(received)) finish(received);
    });
    socket.on('error', () => finish(null));
    socket.on('timeout', () => finish(null));
    socket.on('close', () => finish(null));
  });
}
