import { Connection, findCoordinatorV4, metadataV10 } from '@platformatic/kafka';

/** A partition as a broker knows it. */
export interface PartitionState {
  readonly topic: string;
  readonly partition: number;
  /** Null where nobody leads it. */
  readonly leader: number | null;
  /** Brokers whose copy is complete. */
  readonly inSync: readonly number[];
}

type MetadataResponse = Awaited<ReturnType<typeof metadataV10.api.async>>;

const TRANSACTION = 1;
const TIMES = { connectTimeout: 2000, requestTimeout: 5000 };

/** All partitions of the topics that the predicate accepts, Kafka's own included, in the words of the first broker that answers. */
export async function partitionsOf(
  brokers: readonly string[],
  accept: (topic: string) => boolean,
): Promise<readonly PartitionState[]> {
  const { topics } = await withAny(brokers, askMetadata);
  return topics
    .filter(({ name }) => typeof name === 'string' && accept(name))
    .flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, leaderId, isrNodes }) => ({
        topic: String(name),
        partition: partitionIndex,
        leader: leaderId < 0 ? null : leaderId,
        inSync: isrNodes,
      })),
    );
}

/** The broker that coordinates the transactions of this id. */
export async function coordinatorOf(brokers: readonly string[], transactionalId: string): Promise<number> {
  const { coordinators } = await withAny(brokers, (connection) =>
    findCoordinatorV4.api.async(connection, TRANSACTION, [transactionalId]),
  );
  const [found] = coordinators;
  if (found === undefined) throw new Error(`nobody coordinates ${transactionalId}`);
  return found.nodeId;
}

/** The library throws when a partition has an error, such as no leader, with the answer attached. */
async function askMetadata(connection: Connection): Promise<MetadataResponse> {
  try {
    return await metadataV10.api.async(connection, null, false);
  } catch (error) {
    const { response } = error as { readonly response?: MetadataResponse };
    if (response?.topics === undefined) throw error;
    return response;
  }
}

async function withAny<T>(
  brokers: readonly string[],
  ask: (connection: Connection) => Promise<T>,
): Promise<T> {
  let last: unknown = new Error('no broker');
  for (const broker of brokers) {
    const [host = '', port = ''] = broker.split(':');
    const connection = new Connection('sluice-test', TIMES);
    connection.on('error', () => undefined); // whoever asks gets it too
    try {
      await connection.connect(host, Number(port));
      return await ask(connection);
    } catch (error) {
      last = error;
    } finally {
      await connection.close().catch(() => undefined); // it may never have been open
    }
  }
  throw last;
}
