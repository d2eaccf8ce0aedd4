import type { RowsEvent } from '@sluice/binlog';
import { tableIdOf } from '@sluice/envelope';
import { isAtLeast, parseVersion, quote, SQL_FILE_HEAD } from '@sluice/mysql';
import type { StreamPosition } from '../model/position.ts';
import { ChangedRows } from './changed-rows.ts';
import { transactionSql, type Write } from './dump-orphans.ts';
import type { OrphanFindings } from './find-orphans.ts';
import { refused } from './masters.ts';
import type { OrphanTable, OrphanTransaction } from './orphan.ts';
import type { OrphanConsumer } from './orphan-reader.ts';
import type { OrphanTables } from './orphan-tables.ts';
import { refuseCascade, refuseKeyless, refuseStatements } from './refuse-orphans.ts';
import { rowsOf } from './row-values.ts';
import { sqlComment, type SqlStatements } from './sql-statements.ts';

/** Characters of SQL that are kept until the last transaction is known: the file begins with it. */
const TEXT_MAX = 512 * 1024 * 1024;
/** Ends the client with an error unless the condition holds: a subquery of two rows is no value (ER_SUBQUERY_NO_1_ROW). */
const check = (condition: string): string =>
  `SET @sluice_check = IF(${condition}, 1, (SELECT 1 UNION SELECT 2));\n`;
const ONE_ROW = check('ROW_COUNT() = 1');

/** SQL that takes the orphans back on the old master: in reverse order, a transaction each, a check behind each row. */
export class Flashback implements OrphanConsumer {
  readonly #tables: OrphanTables;
  readonly #statements: SqlStatements;
  readonly #transactions: string[] = [];
  #length = 0;
  #lines: string[] = [];
  readonly #changed: ChangedRows;
  /** The tables that are written. */
  readonly #written = new Map<string, OrphanTable>();

  constructor(tables: OrphanTables, statements: SqlStatements) {
    this.#tables = tables;
    this.#statements = statements;
    this.#changed = new ChangedRows(tables);
  }

  begin(): void {
    this.#lines = [];
  }

  rows(rows: RowsEvent, place: StreamPosition): void {
    const table = this.#tables.of(rows.table);
    refuseKeyless(table, place);
    this.#written.set(tableIdOf(table), table);
    for (const row of rowsOf(rows, table, place)) {
      refuseCascade(this.#tables.cascades, rows, row);
      this.#changed.note(row);
      const statement = this.#statements.back(row);
      if (statement !== null) this.#lines.push(`${statement};\n${ONE_ROW}`);
    }
  }

  common(rows: RowsEvent, place: StreamPosition): void {
    this.#changed.refuseUpon(rows, place);
  }

  commit(transaction: OrphanTransaction): void {
    refuseStatements(transaction);
    const text = transactionSql(transaction, this.#lines.toReversed());
    this.#length += text.length;
    if (this.#length > TEXT_MAX)
      throw refused(`the SQL that takes the orphans back is larger than ${TEXT_MAX} characters`);
    this.#transactions.push(text);
  }

  write(findings: OrphanFindings, write: Write): void {
    write(headOf(findings, [...this.#written.values()]));
    for (const text of this.#transactions.toReversed()) write(text);
    write(`\n${endOf(findings)}`);
  }
}

/** Nothing of it goes to the binlog: a replica of the old master, or the new master as one, must not get it. */
function headOf(
  { oldMaster, serverId, transactions }: OrphanFindings,
  tables: readonly OrphanTable[],
): string {
  const guard =
    serverId === null
      ? ''
      : `-- Ends here on any other server.\n${check(`@@GLOBAL.server_id = ${serverId}`)}`;
  const names = tables.map(({ database, table }) => `(${quote(database)}, ${quote(table)})`);
  const triggers =
    names.length === 0
      ? ''
      : `-- Ends here when a trigger would add to what is written: drop it, and make it again afterwards.\n-- It is seen by an account with TRIGGER on the tables only.\n${check(
          `NOT EXISTS (SELECT 1 FROM information_schema.TRIGGERS WHERE (EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE) IN (${names.join(', ')}))`,
        )}`;
  const what = `Takes back ${transactions} orphaned transactions of ${oldMaster ?? 'the old master'}, the last one first.`;
  return `${sqlComment(what)}-- Run it there, by: mysql --binary-mode < FILE
${guard}${SQL_FILE_HEAD}${triggers}SET sql_log_bin = 0;
`;
}

/** How the old master forgets the GTIDs of what it no longer has; its binlog goes with them, so it is not done by the file. */
function endOf({ flavour, version, gtids, shared }: OrphanFindings): string {
  const steps =
    flavour === 'mysql'
      ? [
          `SET @kept = GTID_SUBTRACT(@@GLOBAL.gtid_executed, ${quote(gtids)});`,
          isAtLeast(parseVersion(version), 8, 4) ? 'RESET BINARY LOGS AND GTIDS;' : 'RESET MASTER;',
          'SET GLOBAL gtid_purged = @kept;',
        ]
      : ['RESET MASTER;', `SET GLOBAL gtid_slave_pos = ${quote(shared ?? '')};`];
  return `-- All are taken back. Then, when the orphans are dumped and put on the new master, in one session: the binlog of this server is deleted.
${steps.map(sqlComment).join('')}`;
}
