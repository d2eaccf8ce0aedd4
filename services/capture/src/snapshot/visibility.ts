import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { PipelineError } from '@sluice/runtime';
import { isAtOrPast, type StreamPosition } from '../model/position.ts';
import { queryRows } from '../source/query.ts';
import { readBinlogStatus, type ServerFacts } from '../source/server.ts';
import type { StreamProgress } from '../source/stream-progress.ts';

/**
 * A server writes a transaction to the binlog before it makes it visible, so a binlog position says nothing about what a
 * SELECT sees. Each strategy reads a chunk that sees at least `progress`, and names a position that the chunk does
 * not see beyond.
 */
export interface Visibility {
  /** Runs `read` under the rule, told whether rows must be locked; the mark is the binlog position that the rows are not newer than. */
  read<T>(
    progress: StreamProgress,
    read: (lock: boolean) => Promise<T>,
  ): Promise<{ readonly result: T; readonly mark: StreamPosition }>;
}

const WAIT_SECONDS = 1;
/** A commit takes milliseconds to become visible; together the tries last for some ten seconds. */
const MARIADB_TRIES = 2000;
const MARIADB_PAUSE_MS = 5;
/** Tries at once, before the pauses. */
const QUICK_TRIES = 20;

export function chooseVisibility(connection: Connection, server: ServerFacts): Visibility {
  if (server.flavour === 'mariadb') return mariadbSnapshots(connection);
  const [byGtids, byLocks] = [mysqlGtids(connection, server), mysqlLocks(connection, server)];
  return {
    // The stream may lose its GTIDs while it runs, and get them back.
    read: (progress, read) =>
      (server.gtid && progress.gtidSet !== null ? byGtids : byLocks).read(progress, read),
  };
}

/** MySQL adds a transaction to `gtid_executed` after the engine's commit: then it is visible. */
function mysqlGtids(connection: Connection, server: ServerFacts): Visibility {
  return {
    async read(progress, read) {
      await untilExecuted(connection, progress.gtidSet ?? '');
      const result = await read(false);
      return { result, mark: await readBinlogStatus(connection, server) };
    },
  };
}

async function untilExecuted(connection: Connection, gtidSet: string): Promise<void> {
  if (gtidSet === '') return;
  for (;;) {
    const rows = await queryRows(connection, 'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS late', [
      gtidSet,
      WAIT_SECONDS,
    ]);
    if (Number(rows[0]?.['late']) === 0) return;
  }
}

/** A locking read waits for every transaction that is not yet visible. */
function mysqlLocks(connection: Connection, server: ServerFacts): Visibility {
  return {
    async read(_progress, read) {
      await queryRows(connection, 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
      await queryRows(connection, 'START TRANSACTION');
      try {
        const result = await read(true);
        return { result, mark: await readBinlogStatus(connection, server) };
      } finally {
        await queryRows(connection, 'ROLLBACK');
      }
    },
  };
}

/** MariaDB tells the exact binlog position of a consistent snapshot: taken again until it is not behind the stream. */
function mariadbSnapshots(connection: Connection): Visibility {
  return {
    async read(progress, read) {
      for (let tries = 0; tries < MARIADB_TRIES; tries++) {
        await queryRows(connection, 'START TRANSACTION WITH CONSISTENT SNAPSHOT');
        try {
          const mark = await snapshotPosition(connection);
          if (isAtOrPast(mark, progress.position)) return { result: await read(false), mark };
        } finally {
          await queryRows(connection, 'ROLLBACK');
        }
        if (tries >= QUICK_TRIES) await delay(MARIADB_PAUSE_MS);
      }
      throw new PipelineError(
        'SNAPSHOT_NOT_VISIBLE',
        `The source did not return the rows it had written after ${MARIADB_TRIES} attempts.`,
      );
    },
  };
}

async function snapshotPosition(connection: Connection): Promise<StreamPosition> {
  const rows = await queryRows(connection, "SHOW STATUS LIKE 'binlog\\_snapshot\\_%'");
  const values = new Map(
    rows.map((row) => [String(row['Variable_name']).toLowerCase(), String(row['Value'])]),
  );
  return {
    file: values.get('binlog_snapshot_file') ?? '',
    position: Number(values.get('binlog_snapshot_position')),
  };
}
