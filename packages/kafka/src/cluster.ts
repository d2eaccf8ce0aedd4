import { findCoordinatorV4, metadataV10, type Broker, type Connection } from '@platformatic/kafka';
import type { KafkaConfig } from '@sluice/runtime';
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
    const connection = await this.anyConnection();
    const response = await askMetadata(connection, topics);
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
    const response = await askMetadata(await this.anyConnection(), null);
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
    const response = await findCoordinatorV4.api.async(await this.anyConnection(), keyType, [id]);
    const found = response.coordinators[0];
    if (found === undefined) throw errorOfCode(LEADER_NOT_AVAILABLE, doing);
    return { host: found.host, port: found.port };
  }

  /** A connection to any broker: those last heard of first, then the configured ones. Throws the last one's error. */
  async anyConnection(): Promise<Connection> {
    let lastError: unknown = errorOfCode(LEADER_NOT_AVAILABLE, 'connect to Kafka');
    for (const broker of [...this.#brokers, ...this.#bootstrap]) {
      try {
        return await this.#connections.to(broker);
      } catch (error) {
        lastError = error;
      }
    }
    throw lastError;
  }
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
