import { findCoordinatorV4, metadataV10, type Broker, type Connection } from '@platformatic/kafka';
import type { KafkaConfig } from '@sluice/runtime';
import { hasAnswered, inTurn, owesAnswer } from './answering-brokers.ts';
import type { BrokerConnections } from './broker-connections.ts';
import { errorOfCode } from './errors.ts';
import {
  kindOfCode,
  LEADER_NOT_AVAILABLE,
  NONE,
  UNKNOWN_TOPIC_OR_PARTITION,
} from './protocol/error-codes.ts';

type MetadataResponse = Awaited<ReturnType<typeof metadataV10.api.async>>;

const KEY_TYPE_GROUP = 0;
const KEY_TYPE_TRANSACTION = 1;

/** Who leads which partition, as last heard. Nothing here retries: callers decide how long to go on. */
export class Cluster {
  readonly #connections: BrokerConnections;
  readonly #bootstrap: readonly Broker[];
  #brokers: readonly Broker[] = [];
  /** Leaders by partition number; undefined where there is none just now. */
  readonly #leaders = new Map<string, readonly (Broker | undefined)[]>();

  constructor(connections: BrokerConnections, kafka: KafkaConfig) {
    this.#connections = connections;
    this.#bootstrap = kafka.brokers.map(parseBroker);
  }

  /** The leader as last heard, without asking. */
  leaderOf(topic: string, partition: number): Broker | undefined {
    return this.#leaders.get(topic)?.[partition];
  }

  /** Number of partitions of a topic as last heard; 0 when it does not exist, undefined when nobody could say. */
  partitionCount(topic: string): number | undefined {
    return this.#leaders.get(topic)?.length;
  }

  /** Asks for the leaders of these topics. A topic that does not exist is no error: it has no partitions. */
  async refresh(topics: readonly string[]): Promise<void> {
    const response = await this.#ask((connection) => askMetadata(connection, topics));
    const byId = new Map(response.brokers.map((b) => [b.nodeId, { host: b.host, port: b.port }]));
    if (byId.size > 0) this.#brokers = [...byId.values()];
    for (const topic of topics) this.#leaders.delete(topic);
    for (const topic of response.topics) {
      if (typeof topic.name !== 'string' || !isKnown(topic.errorCode, topic.name)) continue;
      const leaders: (Broker | undefined)[] = [];
      for (const partition of topic.partitions)
        leaders[partition.partitionIndex] = byId.get(partition.leaderId);
      this.#leaders.set(topic.name, leaders);
    }
  }

  /**
   * All topics that this user may see, by name, with their ids: a topic that was deleted and made again has another one
   * (KIP-516; Kafka 2.8 and later).
   */
  async topicIds(): Promise<ReadonlyMap<string, string>> {
    const response = await this.#ask((connection) => askMetadata(connection, null));
    const ids = new Map<string, string>();
    for (const { name, topicId, errorCode } of response.topics)
      if (typeof name === 'string' && errorCode !== UNKNOWN_TOPIC_OR_PARTITION) ids.set(name, topicId);
    return ids;
  }

  /** The broker that coordinates the transactions of this id. */
  async transactionCoordinator(transactionalId: string): Promise<Broker> {
    return this.#coordinator(KEY_TYPE_TRANSACTION, transactionalId, 'find the transaction coordinator');
  }

  /** The broker that coordinates this consumer group. */
  async groupCoordinator(groupId: string): Promise<Broker> {
    return this.#coordinator(KEY_TYPE_GROUP, groupId, `find the coordinator of group ${groupId}`);
  }

  /** FindCoordinator (KIP-699). */
  async #coordinator(keyType: number, id: string, doing: string): Promise<Broker> {
    const response = await this.#ask((connection) => findCoordinatorV4.api.async(connection, keyType, [id]));
    const found = response.coordinators[0];
    if (found === undefined) throw errorOfCode(LEADER_NOT_AVAILABLE, doing);
    return { host: found.host, port: found.port };
  }

  /**
   * Asks one broker: of those last heard of, then of the configured ones, the first that takes a connection. One that gives no
   * good answer is asked behind the others the next time. Throws its error, or the last one's where none takes a connection.
   */
  async #ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    let lastError: unknown = errorOfCode(LEADER_NOT_AVAILABLE, 'connect to Kafka');
    for (const broker of inTurn([...this.#brokers, ...this.#bootstrap], addressOf)) {
      const connection = await this.#connections.to(broker).catch((error: unknown) => {
        lastError = error;
      });
      if (connection === undefined) continue;
      try {
        const answer = await question(connection);
        hasAnswered(addressOf(broker));
        return answer;
      } catch (error) {
        owesAnswer(addressOf(broker));
        throw error;
      }
    }
    throw lastError;
  }
}

function addressOf({ host, port }: Broker): string {
  return `${host}:${port}`;
}

/** The library throws when any topic or partition has an error code, with the answer attached: the rest of it is wanted. */
async function askMetadata(
  connection: Connection,
  topics: readonly string[] | null,
): Promise<MetadataResponse> {
  try {
    return await metadataV10.api.async(connection, topics === null ? null : [...topics], false);
  } catch (error) {
    const response = (error as { response?: MetadataResponse }).response;
    if (response?.topics === undefined) throw error;
    return response;
  }
}

/** False while the broker cannot say; a code that asking again will not cure is thrown. */
function isKnown(code: number, topic: string): boolean {
  if (code === NONE || code === UNKNOWN_TOPIC_OR_PARTITION) return true;
  if (kindOfCode(code) === 'unavailable') return false;
  throw errorOfCode(code, `ask for the leaders of topic ${topic}`);
}

function parseBroker(address: string): Broker {
  const colon = address.lastIndexOf(':');
  // An IPv6 address may stand in brackets, which the resolver does not want.
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(colon + 1)) };
}
