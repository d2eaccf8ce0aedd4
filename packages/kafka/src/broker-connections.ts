import { isIP } from 'node:net';
import { Connection, type Broker, type ConnectionOptions } from '@platformatic/kafka';
import { PipelineError, type KafkaConfig } from '@sluice/runtime';
import { tlsOptions } from './connection-security.ts';

export interface ConnectionTimes {
  /** Milliseconds for TCP, TLS and SASL together. */
  readonly connectTimeoutMs: number;
  /** Milliseconds without an answer after which a connection is given up. */
  readonly requestTimeoutMs: number;
}

const SASL_MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

/**
 * One open connection per broker address, opened at first use and again after it was lost: brokers close idle ones
 * (`connections.max.idle.ms`, ten minutes), which is no event worth a line. TCP_NODELAY is set by the library.
 */
export class BrokerConnections {
  readonly #clientId: string;
  readonly #options: ConnectionOptions;
  readonly #open = new Map<string, Connection>();
  readonly #opening = new Map<string, Promise<Connection>>();
  readonly #serverName: string | undefined;
  #destroyed = false;

  constructor(kafka: KafkaConfig, times: ConnectionTimes) {
    const tls = tlsOptions(kafka);
    this.#clientId = kafka.clientId;
    this.#serverName = tls?.servername;
    this.#options = {
      connectTimeout: times.connectTimeoutMs,
      requestTimeout: times.requestTimeoutMs,
      ...(tls === undefined ? {} : { tls }),
      ...(kafka.sasl === undefined
        ? {}
        : { sasl: { ...kafka.sasl, mechanism: SASL_MECHANISMS[kafka.sasl.mechanism] } }),
    };
  }

  /** An open connection to this broker; throws the library's error when there is none to be had. */
  async to(broker: Broker): Promise<Connection> {
    if (this.#destroyed) throw new PipelineError('KAFKA_UNREACHABLE', 'the connections to Kafka were closed');
    const key = `${broker.host}:${broker.port}`;
    const known = this.#open.get(key);
    if (known?.isConnected() === true) return known;
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      opening = this.#connect(key, broker, known);
      this.#opening.set(key, opening);
    }
    return opening;
  }

  /** Closes every connection at once and for good; requests under way fail. */
  destroy(): void {
    this.#destroyed = true;
    for (const connection of this.#open.values()) destroy(connection);
    this.#open.clear();
  }

  async #connect(key: string, broker: Broker, previous: Connection | undefined): Promise<Connection> {
    if (previous !== undefined) destroy(previous);
    const connection = new Connection(this.#clientId, {
      ...this.#options,
      // The name for TLS's server name indication; an address is none (RFC 6066), certificates are checked against it all the same.
      ...(this.#serverName === undefined && isIP(broker.host) === 0 ? { tlsServerName: broker.host } : {}),
      ...(this.#serverName === undefined ? {} : { tlsServerName: this.#serverName }),
    });
    // Without a listener the error event of a lost connection would end the process; requests get it as their error.
    connection.on('error', () => {});
    this.#open.set(key, connection);
    try {
      await connection.connect(broker.host, broker.port);
      return connection;
    } catch (error) {
      destroy(connection);
      throw error;
    } finally {
      this.#opening.delete(key);
    }
  }
}

function destroy(connection: Connection): void {
  // `close()` waits until everything written has been sent, which a dead peer never lets happen.
  const socket = connection.socket as Connection['socket'] | undefined;
  socket?.destroy(new Error('connection given up'));
}
