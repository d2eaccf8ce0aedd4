import { tableIdOf, type Sequence } from '@sluice/envelope';
import type { PoolConnection } from '@sluice/mysql';
import type { PipelineError } from '@sluice/runtime';
import type { Delivery } from '@sluice/sink-kit';
import { byTable, originOf, type RowGuards, type Sessions } from '@sluice/sql-sink';
import type { TableOwners } from './table-owner.ts';

/** Which records may reach the tables of the target: those of the table that each is the copy of. */
export class OwnedRecords {
  readonly #sessions: Sessions<PoolConnection>;
  readonly #owners: TableOwners;
  readonly #guards: RowGuards<PoolConnection>;

  constructor(sessions: Sessions<PoolConnection>, owners: TableOwners, guards: RowGuards<PoolConnection>) {
    this.#sessions = sessions;
    this.#owners = owners;
    this.#guards = guards;
  }

  /**
   * Why tables of a batch of rows may not be written, by their `tableId` on the source. Asked before the transaction of the rows, which
   * an ALTER would commit.
   */
  async refusals(
    batch: readonly Delivery[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, PipelineError>> {
    const refusals = new Map<string, PipelineError>();
    for (const [position = 0] of byTable(batch)) {
      const source = batch[position]?.envelope.payload.source;
      if (source === undefined || this.#owners.isOwn(source)) continue;
      const refusal = await this.#sessions.run(signal, (connection) => this.#claim(connection, source));
      if (refusal !== null) refusals.set(tableIdOf(source), refusal);
    }
    return refusals;
  }

  /**
   * Whether a control record has anything to say to the target's table: not what its floor has said before, where the copy was
   * given to another table since. Throws TARGET_TABLE_REFUSED when it is another's.
   */
  async mayTouch(connection: PoolConnection, delivery: Delivery, sequence: Sequence): Promise<boolean> {
    const refusal = await this.#claim(connection, delivery.envelope.payload.source);
    if (refusal === null) return true;
    const { truncateWatermark } = await this.#guards.read(connection, originOf(delivery));
    if (sequence <= truncateWatermark) return false;
    throw refusal;
  }

  #claim(
    connection: PoolConnection,
    source: Delivery['envelope']['payload']['source'],
  ): Promise<PipelineError | null> {
    return this.#owners.claimLocked(this.#sessions.driver, connection, source);
  }
}
