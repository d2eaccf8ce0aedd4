import { tableIdOf, type SchemaEnvelope, type Source } from '@sluice/envelope';
import { quoteTable, type PoolConnection } from '@sluice/mysql';
import type { Logger } from '@sluice/runtime';
import type { Delivery } from '@sluice/sink-kit';
import { originOf, whileLocked, type SchemaBarrier, type Sessions, type SqlDriver } from '@sluice/sql-sink';
import { targetTable, type MysqlSinkConfig } from './config.ts';
import type { OwnedRecords } from './owned-records.ts';
import type { TableSchema } from './table-definition.ts';
import type { TableOwners } from './table-owner.ts';
import type { TargetTables } from './target-tables.ts';
import type { WrittenTables } from './written-tables.ts';

export interface SchemaRecordsParts {
  readonly config: MysqlSinkConfig;
  readonly driver: SqlDriver<PoolConnection>;
  readonly sessions: Sessions<PoolConnection>;
  readonly barrier: SchemaBarrier<PoolConnection>;
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
   */
  async apply(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const {
      source,
      sequence,
      change,
      columns,
      keyColumns,
      policy = 'apply',
      partitions = 1,
    } = (delivery.envelope as SchemaEnvelope).payload;
    const { config, driver, sessions, barrier, owned, written, log } = this.#parts;
    const tables = this.#parts.tables();
    const target = targetTable(config, source);
    const { database, table } = target;
    if (change === 'drop' || change === 'rename') return written.forget(database, table);
    const schema = { columns, keyColumns };
    const isOwn = await sessions.run(signal, (connection) =>
      whileLocked(driver, connection, quoteTable(database, table), async () => {
        if (!(await owned.mayTouch(connection, delivery, sequence))) return false;
        const origin = originOf(delivery);
        if (change === 'create') {
          // Also one of long ago, when the table is gone: what comes behind it makes the table what it is now.
          const isKnown = await tables.exists(connection, database, table);
          const { isPast } = await barrier.noteColumns(connection, origin, sequence);
          if (isKnown && isPast) return true;
          await this.#ensure(connection, source, schema);
          await tables.accept(connection, database, table, schema);
          return true;
        }
        const seen = await barrier.note(connection, origin, sequence, partitions);
        if (seen.isPast) return true;
        const order = { schema, isEverywhere: seen.isEverywhere, drops: policy !== 'alert' };
        await this.#ensure(connection, source, schema);
        await tables.follow(connection, database, table, order);
        await tables.accept(connection, database, table, schema);
        return true;
      }),
    );
    if (!isOwn) return;
    written.note({ ...target, source: tableIdOf(source) });
    log.info({ table: tableIdOf(target), change, columns: columns.length }, 'target table has its columns');
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
