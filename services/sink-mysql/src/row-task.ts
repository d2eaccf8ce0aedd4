import type { PoolConnection } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Purpose } from '@sluice/sink-kit';
import type { Origin, RowGuards } from '@sluice/sql-sink';
import type { KeyPlan, TargetTable } from './target-table.ts';

/** What the statements of one table in one transaction share. */
export interface RowTask {
  readonly connection: PoolConnection;
  readonly table: TargetTable;
  readonly plan: KeyPlan;
  readonly origin: Origin;
  readonly guards: RowGuards<PoolConnection>;
  readonly purpose: Purpose;
  /** The server's max_allowed_packet. */
  readonly maxPacketBytes: number;
  /** Rows gave way to others with the same value of a unique index. */
  readonly onDisplaced: (rows: number) => void;
}

/** A statement over the limit would cost the connection, and look like a network error. Throws MYSQL_VALUE_REFUSED. */
export async function send({ connection, maxPacketBytes }: RowTask, sql: string): Promise<void> {
  if (sql.length * 3 >= maxPacketBytes && Buffer.byteLength(sql) >= maxPacketBytes) {
    throw new PipelineError(
      'MYSQL_VALUE_REFUSED',
      `rows are larger than max_allowed_packet (${maxPacketBytes} bytes)`,
    );
  }
  await connection.query(sql);
}
