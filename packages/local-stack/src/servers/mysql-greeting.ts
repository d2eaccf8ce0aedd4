import { exchange } from './exchange.ts';

const PROTOCOL_VERSION = 10;

/**
 * A server that accepts logins opens with a handshake packet, protocol version 10 (MySQL internals manual,
 * Protocol::HandshakeV10); one that refuses (too many connections, shutdown) opens with an error packet.
 * Both flavours listen only when recovery and start-up scripts are over.
 */
export async function greetsAsMysql(host: string, port: number): Promise<boolean> {
  const packet = await exchange(host, port, null, (received) => received.length >= 5);
  return packet?.[4] === PROTOCOL_VERSION;
}
