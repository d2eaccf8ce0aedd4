import { initProducerIdV4, type Broker, type Connection } from '@platformatic/kafka';
import type { PipelineError } from '@sluice/runtime';
import type { BrokerConnections } from './broker-connections.ts';
import type { Cluster } from './cluster.ts';
import { errorOfCode, findProtocolCode, toPipelineError } from './errors.ts';
import { CONCURRENT_TRANSACTIONS, NONE } from './protocol/error-codes.ts';
import {
  addPartitionsToTransaction,
  commitTransaction,
  type TopicPartitions,
} from './protocol/transaction-requests.ts';
import type { ProducerIdentity } from './record-batch-wire.ts';
import type { RecoveryWindow } from './recovery-window.ts';

/** Asks the coordinator for an identity without claiming to have one: the epoch of the id goes up, whoever had it is fenced. */
const NO_PRODUCER_ID = -1n;
const NO_PRODUCER_EPOCH = -1;

/** The three requests to the transaction coordinator, repeated as long as a window allows. */
export class TransactionCoordinator {
  readonly #cluster: Cluster;
  readonly #connections: BrokerConnections;
  readonly #transactionalId: string;
  #broker: Broker | undefined;

  constructor(cluster: Cluster, connections: BrokerConnections, transactionalId: string) {
    this.#cluster = cluster;
    this.#connections = connections;
    this.#transactionalId = transactionalId;
  }

  /** InitProducerId: every older producer of this transactional id is fenced and its open transaction aborted. */
  async initProducer(transactionTimeoutMs: number, window: RecoveryWindow): Promise<ProducerIdentity> {
    let identity: ProducerIdentity | undefined;
    await this.#ask(
      () => 'take over the transactional id',
      window,
      async (connection) => {
        const answer = await initProducerIdV4.api.async(
          connection,
          this.#transactionalId,
          transactionTimeoutMs,
          NO_PRODUCER_ID,
          NO_PRODUCER_EPOCH,
        );
        identity = { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
        return NONE;
      },
    );
    if (identity === undefined) throw errorOfCode(CONCURRENT_TRANSACTIONS, 'take over the transactional id');
    return identity;
  }

  /** AddPartitionsToTxn, all partitions in one request. */
  async addPartitions(
    producer: ProducerIdentity,
    topics: readonly TopicPartitions[],
    window: RecoveryWindow,
  ) {
    let where = shownPartitions(topics);
    await this.#ask(
      () => `begin a transaction with ${where}`,
      window,
      async (connection) => {
        const { code, refused } = await addPartitionsToTransaction.async(
          connection,
          this.#transactionalId,
          producer,
          topics,
        );
        if (code !== NONE) where = refused;
        return code;
      },
    );
  }

  /**
   * EndTxn with commit. `onDoubt` is called when an answer was lost, from when on an error no longer means "not committed".
   * A repeat is answered with success when the first had arrived.
   */
  async commit(producer: ProducerIdentity, window: RecoveryWindow, onDoubt: () => void): Promise<void> {
    await this.#ask(
      () => 'commit a transaction',
      window,
      async (connection) => {
        try {
          return await commitTransaction.async(connection, this.#transactionalId, producer);
        } catch (error) {
          onDoubt();
          throw error;
        }
      },
    );
  }

  async #ask(
    doing: () => string,
    window: RecoveryWindow,
    request: (c: Connection) => Promise<number>,
  ): Promise<void> {
    for (;;) {
      let error: PipelineError;
      try {
        window.asking(doing());
        const code = await request(await this.#connection());
        if (code === NONE) {
          window.answered();
          return;
        }
        if (code === CONCURRENT_TRANSACTIONS) {
          await window.soon(errorOfCode(code, doing()));
          continue;
        }
        error = errorOfCode(code, doing());
      } catch (thrown) {
        if (findProtocolCode(thrown) === CONCURRENT_TRANSACTIONS) {
          await window.soon(toPipelineError(thrown, doing()));
          continue;
        }
        error = toPipelineError(thrown, doing());
      }
      if (error.code !== 'KAFKA_UNREACHABLE' && error.code !== 'KAFKA_TOPIC_MISSING') throw error;
      // The coordinator may have moved: the next try looks for it again.
      this.#broker = undefined;
      await window.again(error);
    }
  }

  async #connection(): Promise<Connection> {
    this.#broker ??= await this.#cluster.transactionCoordinator(this.#transactionalId);
    return this.#connections.to(this.#broker);
  }
}

/** The first one's name, and how many more: a transaction may hold thousands. */
function shownPartitions(topics: readonly TopicPartitions[]): string {
  const [first] = topics;
  if (first === undefined) return 'no partition';
  const more = topics.reduce((sum, { partitions }) => sum + partitions.length, -1);
  return `${first.topic}/${first.partitions[0]}${more > 0 ? ` and ${more} more` : ''}`;
}
