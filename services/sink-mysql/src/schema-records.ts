import { tableIdOf, type SchemaEnvelope, type Sequence, type Source } from '@sluice/envelope';
import { quoteTable, type PoolConnection } from '@sluice/mysql';
import type { Logger } from '@sluice/runtime';
import type { Delivery, Purpose } from '@sluice/sink-kit';
import {
  originOf,
  whileLocked,
  type RowGuards,
  type SchemaBarrier,
  type Sessions,
  type SqlDriver,
} from '@sluice/sql-sink';
import { targetTable, type MysqlSinkConfig } from './config.ts';
import type { OwnedRecords } from './owned-records.ts';
import type { TableSchema } from './table-definition.ts';
import type { TableOwners } from './table-owner.ts';
import type { FollowOrder, TargetTables } from './target-tables.ts';
import type { WrittenTables } from './written-tables.ts';

export interface SchemaRecordsParts {
  readonly config: MysqlSinkConfig;
  readonly driver: SqlDriver<PoolConnection>;
  readonly sessions: Sessions<PoolConnection>;
  readonly barrier: SchemaBarrier<PoolConnection>;
  readonly guards: RowGuards<PoolConnection>;
  /** Another one once the server was asked what it is. */
  readonly tables: () => TargetTables;
  readonly owners: TableOwners;
  readonly owned: OwnedRecords;
  readonly written: WrittenTables;
  readonly log: Logger;
}

/** Schema records: makes the target's tables what those of the source are. */
export class SchemaRecords {
  readonly #parts: SchemaRecordsParts;
  /** Tables that the account may not alter, and that have been told of. */
  readonly #unmarked = new Set<string>();

  constructor(parts: SchemaRecordsParts) {
    this.#parts = parts;
  }

  /**
   * What adds or widens is applied at first sight; what takes something away when every partition has shown it, because
   * rows of other partitions may still be of the older schema.
   * @param purpose `replay`: the partition has not come to the record, and cannot without it
   */
  async apply(delivery: Delivery, signal: AbortSignal, purpose: Purpose): Promise<void> {
    const { source, change, columns, sequence } = (delivery.envelope as SchemaEnvelope).payload;
    const { config, driver, sessions, owned, written, log } = this.#parts;
    const target = targetTable(config, source);
    const { database, table } = target;
    if (change === 'drop' || change === 'rename') return written.forget(database, table);
    const isOwn = await sessions.run(signal, (connection) =>
      whileLocked(driver, connection, quoteTable(database, table), async () => {
        if (!(await owned.mayTouch(connection, delivery, sequence))) return false;
        if (change === 'create') await this.#tell(connection, delivery, purpose);
        else await this.#change(connection, delivery);
        return true;
      }),
    );
    if (!isOwn) return;
    written.note({ ...target, source: tableIdOf(source) });
    log.info({ table: tableIdOf(target), change, columns: columns.length }, 'target table has its columns');
  }

  async #change(connection: PoolConnection, delivery: Delivery): Promise<void> {
    const { payload } = delivery.envelope as SchemaEnvelope;
    const { sequence, policy, partitions = 1 } = payload;
    const { barrier, guards } = this.#parts;
    const origin = originOf(delivery);
    const seen = await barrier.note(connection, origin, sequence, partitions);
    if (seen.isPast) return;
    const { truncateWatermark } = await guards.read(connection, origin);
    // No row of before the floor comes any more: who has none to alter the table for does not wait.
    if (sequence < truncateWatermark && !seen.isEverywhere) return;
    await this.#follow(connection, payload, { ...seen, drops: policy !== 'alert' });
  }

  /**
   * The columns without a change of them. Where they make the table, or a partition has lost the record of a change to retention, rows of
   * older columns cannot be applied: when all rows come behind this record, those of before it are passed over in all partitions, and
   * where these meet again the table gets its types.
   */
  async #tell(connection: PoolConnection, delivery: Delivery, purpose: Purpose): Promise<void> {
    const { payload } = delivery.envelope as SchemaEnvelope;
    const { source, sequence, allRows = false, partitions = 1 } = payload;
    const { config, barrier, guards } = this.#parts;
    const origin = originOf(delivery);
    const { database, table } = targetTable(config, source);
    const isKnown = await this.#parts.tables().exists(connection, database, table);
    const { last, isNoted } = await barrier.noteColumns(connection, origin, sequence);
    // Also one of long ago, when the table is gone: what comes behind it makes the table what it is now.
    if (isKnown && last > sequence) return;
    const { truncateWatermark } = await guards.read(connection, origin);
    const isAhead = purpose === 'replay';
    const begins = allRows && (isAhead || !isKnown || hasMissed(payload, last, truncateWatermark));
    if (begins) await guards.raiseWatermark(connection, origin, sequence);
    if (isKnown && sequence < truncateWatermark) return;
    const meets = begins || (allRows && isNoted && sequence === truncateWatermark);
    const seen = meets ? await barrier.note(connection, origin, sequence, partitions) : null;
    // The partition has not come there: what it has of before is passed over, as its floor says.
    if (begins && isAhead && isKnown) return;
    await this.#follow(connection, payload, seen === null || isAhead ? null : { ...seen, drops: false });
  }

  /** @param order null: what is there keeps its types */
  async #follow(
    connection: PoolConnection,
    { source, columns, keyColumns }: SchemaEnvelope['payload'],
    order: Omit<FollowOrder, 'schema'> | null,
  ): Promise<void> {
    const tables = this.#parts.tables();
    const schema = { columns, keyColumns };
    const { database, table } = targetTable(this.#parts.config, source);
    await this.#ensure(connection, source, schema);
    if (order !== null) await tables.follow(connection, database, table, { ...order, schema });
    await tables.accept(connection, database, table, schema);
  }

  /** Throws TARGET_TABLE_REFUSED when the table is the copy of another; nothing is changed then. */
  async #ensure(connection: PoolConnection, source: Source, schema: TableSchema): Promise<void> {
    const { config, owners, log } = this.#parts;
    const { database, table } = targetTable(config, source);
    const { refusal } = await owners.claim(connection, source);
    if (refusal !== null) throw refusal;
    await this.#parts.tables().ensure(connection, database, table, schema);
    // What was not there yet is there now: another may have made it.
    const made = await owners.claim(connection, source);
    if (made.refusal !== null) throw made.refusal;
    const id = quoteTable(database, table);
    if (made.isMarked || this.#unmarked.has(id)) return;
    this.#unmarked.add(id);
    const about = { event: 'target.owner_unmarked', table: id };
    log.warn(
      about,
      'the account may not ALTER the table, so it cannot be marked as the copy of its source table',
    );
  }
}

/**
 * Whether a partition lacks the record of the change before: it had shown an older one last, or had begun behind it, by a record of which
 * not all rows came.
 */
function hasMissed(
  { previousChange = '' }: SchemaEnvelope['payload'],
  last: Sequence,
  floor: Sequence,
): boolean {
  return last < previousChange || (previousChange !== '' && last > previousChange && floor < last);
}
