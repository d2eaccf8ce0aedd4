import { isIP } from 'node:net';
import { Connection, type Broker, type ConnectionOptions } from '@platformatic/kafka';
import { PipelineError, type KafkaConfig } from '@sluice/runtime';
import { tlsOptions } from './connection-security.ts';
import { loggingIn, loginSecret, tokenRefused } from './login.ts';

type Sasl = NonNullable<KafkaConfig['sasl']>;

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
  oauthbearer: 'OAUTHBEARER',
} as const;

/**
 * One open connection per broker address, opened at first use and again after it was lost: brokers close idle ones
 * (`connections.max.idle.ms`, ten minutes), which is no event worth a line. TCP_NODELAY is set by the library.
 */
export class BrokerConnections {
  readonly #clientId: string;
  readonly #options: ConnectionOptions;
  readonly #sasl: Sasl | undefined;
  readonly #open = new Map<string, Connection>();
  readonly #opening = new Map<string, Promise<Connection>>();
  readonly #serverName: string | undefined;
  #destroyed = false;

  constructor(kafka: KafkaConfig, times: ConnectionTimes) {
    const tls = tlsOptions(kafka);
    this.#clientId = kafka.clientId;
    this.#serverName = tls?.servername;
    this.#sasl = kafka.sasl;
    this.#options = {
      connectTimeout: times.connectTimeoutMs,
      requestTimeout: times.requestTimeoutMs,
      ...(tls === undefined ? {} : { tls }),
    };
  }

  /** An open connection to this broker; throws the library's error when there is none to be had. */
  async to(broker: Broker): Promise<Connection> {
    this.#checkOpen();
    const key = `${broker.host}:${broker.port}`;
    const known = this.#open.get(key);
    if (known?.isConnected() === true) return known;
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      opening = this.#connect(key, broker, known).finally(() => this.#opening.delete(key));
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
    const login = this.#sasl === undefined ? {} : { sasl: await loginOf(this.#sasl) };
    this.#checkOpen();
    const connection = new Connection(this.#clientId, {
      ...this.#options,
      ...login,
      // The name for TLS's server name indication; an address is none (RFC 6066), certificates are checked against it all the same.
      ...(this.#serverName === undefined && isIP(broker.host) === 0 ? { tlsServerName: broker.host } : {}),
      ...(this.#serverName === undefined ? {} : { tlsServerName: this.#serverName }),
    });
    // Without a listener the error event of a lost connection would end the process; requests get it as their error.
    connection.on('error', () => {});
    this.#open.set(key, connection);
    try {
      const connect = async (): Promise<void> => await connection.connect(broker.host, broker.port);
      await (this.#sasl === undefined ? connect() : loggingIn(this.#sasl, connect));
      return connection;
    } catch (error) {
      destroy(connection);
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#destroyed) throw new PipelineError('KAFKA_UNREACHABLE', 'the connections to Kafka were closed');
  }
}

/**
 * The secret is read before there is a connection: the library takes a failure of that for a login that was refused. For the logins after the first on
 * one connection (KIP-368) it is read again.
 */
async function loginOf(sasl: Sasl): Promise<NonNullable<ConnectionOptions['sasl']>> {
  const { mechanism, username = '' } = sasl;
  const values = [await loginSecret(sasl)];
  const secret = async (): Promise<string> => values.pop() ?? (await loginSecret(sasl));
  if (mechanism === 'oauthbearer')
    return {
      mechanism: SASL_MECHANISMS[mechanism],
      token: secret,
      // RFC 7628, 3.2.2: what refuses a token is an answer, and no error yet.
      authBytesValidator: (answer, callback) => callback(answer.length === 0 ? null : tokenRefused(), answer),
    };
  return { mechanism: SASL_MECHANISMS[mechanism], username, password: secret };
}

function destroy(connection: Connection): void {
  // `close()` waits until everything written has been sent, which a dead peer never lets happen.
  const socket = connection.socket as Connection['socket'] | undefined;
  socket?.destroy(new Error('connection given up'));
}
