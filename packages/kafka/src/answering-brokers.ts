import { isIP, connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

/** As kafkajs's own (2.2.4, src/network/socketFactory.js). */
const KEEP_ALIVE_DELAY_MS = 60_000;

/**
 * Addresses, as `host:port`, that owe an answer, the latest last. Of the whole process: what is asked now and then makes a client each
 * time, and each client begins at the first address that takes a connection. A broker that is frozen takes connections; without
 * this each client would wait for it.
 */
const unanswered = new Set<string>();

/** A broker was asked, or has left a question without a good answer. */
export function owesAnswer(address: string): void {
  unanswered.delete(address);
  unanswered.add(address);
}

export function hasAnswered(address: string): void {
  unanswered.delete(address);
}

/** The brokers as they stand, but those that owe an answer behind the others, the latest last. */
export function inTurn<T>(brokers: readonly T[], addressOf: (broker: T) => string): readonly T[] {
  const owing = [...unanswered];
  const turn = (broker: T): number => owing.indexOf(addressOf(broker));
  return brokers.toSorted((one, other) => turn(one) - turn(other));
}

/** The brokers in the order in which a client is to try them: those that owe an answer last, the others in any order. */
export function answeringFirst(brokers: readonly string[]): string[] {
  const turns = brokers.map((broker) => ({ broker, turn: Math.random() + (unanswered.has(broker) ? 1 : 0) }));
  return turns.sort((one, other) => one.turn - other.turn).map(({ broker }) => broker);
}

/** Makes the connections of kafkajs as it would, and notes which of them are answered. */
export const watchedSockets: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const address = `${host}:${port}`;
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket: Socket = ssl
    ? connectTls({ host, port, ...name, ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  owesAnswer(address);
  socket.once('data', () => hasAnswered(address));
  return socket;
};
