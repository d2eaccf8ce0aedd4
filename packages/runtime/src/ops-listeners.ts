import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { PipelineError } from './errors.ts';
import type { Logger } from './log.ts';
import type { Counter } from './metrics.ts';
import { followTls, readTls, type Followed, type ListenerTls } from './ops-tls.ts';
import { clientOf } from './token-buckets.ts';

/** Of one request's head, and of all of it, in milliseconds: a client that takes longer holds a connection for nothing. */
const TIMES = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 };
const HANDSHAKE_MS = 5_000;
/** Of each port: a probe, a scraper and a few people need no more, and the process has its files for Kafka and the stores. */
const CONNECTIONS_MAX = 64;
/** Of one client: others get in beside it. */
const CONNECTIONS_OF_CLIENT = 32;

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: ListenerTls | undefined;
  /** Path of the port in sluice.yaml, for the message about a taken one, e.g. `capture.ops.port`. */
  readonly setting: string;
  /** Path of `tls`, where it is not beside the port. */
  readonly tlsSetting?: string;
  /** Whether a client without a certificate of `tls.clientCaFile` is refused by the handshake, or let in for another check. */
  readonly needsCertificate: boolean;
  readonly connectionsRefused: Counter;
  readonly log: Logger | undefined;
  readonly lookAtFilesMs: number | undefined;
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens. Throws OPS_PORT_TAKEN, naming the setting, and CONFIG_INVALID when certificate, key and authority cannot be used. */
export async function openListener(options: ListenerOptions, answer: RequestListener): Promise<Listener> {
  const { tls, connectionsRefused } = options;
  const server = tls === undefined ? createServer(TIMES, answer) : await tlsServer(options, tls, answer);
  const unfollow = tls === undefined ? () => undefined : followTls(server as TlsServer, ofTls(options), tls);
  server.maxConnections = CONNECTIONS_MAX;
  server.on('drop', () => connectionsRefused.inc());
  server.on('connection', boundedByClient(connectionsRefused));
  try {
    await listen(server, options);
  } catch (error) {
    unfollow();
    throw error;
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      unfollow();
      return closeServer(server);
    },
  };
}

async function tlsServer(
  options: ListenerOptions,
  tls: ListenerTls,
  answer: RequestListener,
): Promise<TlsServer> {
  const files = await readTls(tls, ofTls(options).setting);
  const asksForCertificate = tls.clientCaFile !== undefined;
  return createTlsServer(
    {
      ...TIMES,
      ...files,
      handshakeTimeout: HANDSHAKE_MS,
      requestCert: asksForCertificate,
      rejectUnauthorized: asksForCertificate && options.needsCertificate,
    },
    answer,
  );
}

function ofTls({ setting, tlsSetting = setting, log, lookAtFilesMs }: ListenerOptions): Followed {
  return { setting: tlsSetting, log, lookAtFilesMs };
}

/** A client that has too many connections is not given another. */
function boundedByClient(refused: Counter): (socket: Socket) => void {
  const open = new Map<string, number>();
  return (socket) => {
    const client = clientOf(socket.remoteAddress ?? '');
    const count = (open.get(client) ?? 0) + 1;
    open.set(client, count);
    socket.once('close', () => {
      const left = (open.get(client) ?? 1) - 1;
      if (left === 0) open.delete(client);
      else open.set(client, left);
    });
    if (count <= CONNECTIONS_OF_CLIENT) return;
    refused.inc();
    socket.destroy();
  };
}

async function listen(server: Server, { host, port, setting }: ListenerOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new PipelineError(
      'OPS_PORT_TAKEN',
      `cannot listen on ${host}:${port} (${code}): change ${setting}`,
      {
        cause: error,
        context: { host, port, setting, code },
      },
    );
  }
}

/** Open keep-alive connections of a scraper must not hold up a shutdown. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
