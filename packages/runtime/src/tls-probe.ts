import { isIP } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { isTlsFailureCode } from './tls-failure.ts';

const PATIENCE_MS = 2000;

/**
 * Asks a server for one TLS handshake, for at most 2 s.
 * @returns the code of Node or OpenSSL by which it fails whenever it is tried; null when it succeeds, or there is no answer
 */
export function tlsFailureAt({ hostname, port }: URL, tls: ConnectionOptions): Promise<string | null> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const name = isIP(host) === 0 ? { servername: host } : {};
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = connect({ ...name, ...tls, host, port: Number(port || 443) });
  const timer = setTimeout(() => resolve(null), PATIENCE_MS);
  socket.once('error', (error: Error & { readonly code?: string }) =>
    resolve(error.code !== undefined && isTlsFailureCode(error.code) ? error.code : null),
  );
  socket.once('close', () => resolve(null));
  // TLS 1.3 refuses a client's certificate after the handshake; a ticket for the session says that it did not (RFC 8446, 4.6.1).
  socket.once('session', () => resolve(null));
  socket.once('secureConnect', () => {
    if (socket.getProtocol() !== 'TLSv1.3') resolve(null);
  });
  socket.resume();
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
