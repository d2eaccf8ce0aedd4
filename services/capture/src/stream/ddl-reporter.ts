import {
  type DdlClass,
  type DdlPolicy,
  type DdlRecord,
  ddlTopic,
  parseTableId,
  tableId,
  tableIdOf,
  type TableName,
} from '@sluice/envelope';
import { appendJson } from '../encode/control-writer.ts';
import { adviceFor, UNSEEN, VANISHED, VANISHED_APPLIED } from '../ddl/ddl-advice.ts';
import type { DdlChange } from '../ddl/ddl-change.ts';
import type { NameChange } from '../ddl/name-changes.ts';
import { originsOf, type Origin } from '../ddl/origins.ts';
import { shownStatement } from '../ddl/shown-statement.ts';
import type { Dialect } from '../ddl/sql-lexer.ts';
import type { SchemaChangeContext } from '../encode/schema-change-context.ts';
import { stopsTable, type DdlPolicies } from '../ddl/ddl-policies.ts';
import { aboutTable, DdlFindings, type DdlFindingsParts, type Finding } from './ddl-findings.ts';

export interface DdlReporterOptions extends DdlFindingsParts {
  readonly prefix: string;
  readonly flavour: Dialect['flavour'];
  readonly policies: DdlPolicies;
  /** Is told of every statement that is reported, and of the captured tables that it is about. */
  readonly onReport: (kind: DdlClass, tables: readonly string[]) => void;
}

export interface SeenStatement {
  readonly sql: string;
  readonly database: string;
  readonly sqlMode: number;
}

/** Names of two times 64 characters: hardly 100 kB in a record, where they stand up to three times. */
const TABLES_MAX = 100;

/** Tells of statements that change captured tables: a record each in the DDL topic, in the order of the binlog. */
export class DdlReporter {
  readonly #options: DdlReporterOptions;
  readonly #findings: DdlFindings;

  constructor(options: DdlReporterOptions) {
    this.#options = options;
    this.#findings = new DdlFindings(options);
  }

  get policies(): DdlPolicies {
    return this.#options.policies;
  }

  report(change: DdlChange, statement: SeenStatement, announcement: SchemaChangeContext): void {
    for (const finding of this.#findings.of(change)) this.#write(finding, statement, announcement);
    for (const origin of originsOf(change.renamed)) this.#reportExposure(origin, statement, announcement);
  }

  /** A table that settings would not hide any more as they did under its former name: capture stops it. */
  #reportExposure(origin: Origin, statement: SeenStatement, { buffer, point }: SchemaChangeContext): void {
    const reason = this.#findings.exposureBy(origin);
    if (reason === null) return;
    const sequence = this.#options.journal.freeId(point.sequence);
    this.#write({ ...aboutTable('exposure', origin.to), reason }, statement, {
      buffer,
      point: { ...point, sequence },
    });
  }

  /** A table whose rows were all thrown away. */
  reportTruncate(table: TableName, statement: SeenStatement, announcement: SchemaChangeContext): void {
    if (this.#findings.captures(table)) this.#write(aboutTable('truncate', table), statement, announcement);
  }

  /** A table whose columns are other than before, and no statement tells why: somebody shall look whatever the policy is. */
  reportUnseen(kind: 'additive' | 'breaking', table: TableName, announcement: SchemaChangeContext): void {
    const { buffer, point } = announcement;
    const sequence = this.#options.journal.freeId(point.sequence);
    const finding: Finding = { ...aboutTable(kind, table), unseen: true };
    this.#write(
      finding,
      { sql: '', database: table.database, sqlMode: 0 },
      { buffer, point: { ...point, sequence } },
    );
  }

  /** A table that is gone without a statement: somebody shall know whatever the policy is. */
  reportVanished(table: TableName, { buffer, point }: SchemaChangeContext): void {
    const sequence = this.#options.journal.freeId(point.sequence);
    const finding: Finding = { ...aboutTable('drop', table), unseen: true };
    const seen = { sql: '', database: table.database, sqlMode: 0 };
    this.#write(finding, seen, { buffer, point: { ...point, sequence } });
  }

  /** Whether an alert that nobody has cleared says that a statement like this made these tables be read again. */
  isToldOfRows(statement: string, tables: readonly TableName[]): boolean {
    const { journal, flavour } = this.#options;
    const shown = shownStatement(statement, { flavour, sqlMode: 0 });
    const ids = tables.slice(0, TABLES_MAX).map(tableIdOf).join();
    return journal.alerts.some(
      (alert) => alert.class === 'rows' && alert.statement === shown && alert.tables.join() === ids,
    );
  }

  /** Tables that are read again because of rows, of which the binlog does not tell what became. @param statement as far as it may be shown */
  reportRows(statement: string, tables: readonly TableName[], { buffer, point }: SchemaChangeContext): void {
    const sequence = this.#options.journal.freeId(point.sequence);
    const finding: Finding = { class: 'rows', tables, shadow: false, created: false, before: [] };
    const seen = { sql: statement, database: tables[0]?.database ?? '', sqlMode: 0 };
    this.#write(finding, seen, { buffer, point: { ...point, sequence } });
  }

  /** Tables, as `database.table`, with rows that foreign keys change without a trace in the binlog. */
  reportCascades(ids: readonly string[], { buffer, point }: SchemaChangeContext): void {
    const sequence = this.#options.journal.freeId(point.sequence);
    const tables = ids.map(parseTableId);
    const finding: Finding = { class: 'cascade', tables, shadow: false, created: false, before: [] };
    const database = tables[0]?.database ?? '';
    this.#write(finding, { sql: '', database, sqlMode: 0 }, { buffer, point: { ...point, sequence } });
  }

  /** A table with rows of an XA transaction, once: capture stops it by itself. */
  reportXa(xid: string, { database, table }: TableName, announcement: SchemaChangeContext): void {
    const id = tableId(database, table);
    const { alerts } = this.#options.journal;
    if (alerts.some(({ statement, tables }) => statement === prepareOf(xid) && tables.includes(id))) return;
    const { buffer, point } = announcement;
    const sequence = this.#options.journal.freeId(point.sequence);
    const seen = { sql: prepareOf(xid), database, sqlMode: 0 };
    this.#write(aboutTable('xa', { database, table }), seen, { buffer, point: { ...point, sequence } });
  }

  /** The tables that were stopped for an XA transaction of this name, now or earlier. */
  tablesOfXa(xid: string): readonly TableName[] {
    return this.#options.journal.tablesOfPrepared(prepareOf(xid)).map(parseTableId);
  }

  /** Names that captured tables have lost or got. */
  movedNames(change: DdlChange): readonly NameChange[] {
    return this.#findings.movedNames(change);
  }

  #adviceOf(
    { class: kind, unseen, reason = '' }: Finding,
    policy: DdlPolicy,
    ids: readonly string[],
  ): string {
    if (unseen !== true) return adviceFor(kind, policy, ids, reason);
    if (kind === 'drop' && this.#options.policies.drop === 'apply') return VANISHED_APPLIED;
    return `${kind === 'drop' ? VANISHED : UNSEEN}${adviceFor(kind, policy, ids, reason)}`;
  }

  #policyOf({ class: kind, shadow, unseen }: Finding): DdlPolicy {
    if (stopsTable(kind)) return 'pause-table';
    if (kind === 'rows' || kind === 'cascade') return 'alert';
    const policy = shadow ? 'apply' : this.#options.policies[kind];
    return unseen === true && policy === 'apply' ? 'alert' : policy;
  }

  /** In as many records as keep each of them far below the largest that Kafka takes: any number of tables may be told of at once. */
  #write(finding: Finding, statement: SeenStatement, announcement: SchemaChangeContext): void {
    const { tables } = finding;
    this.#writePart({ ...finding, tables: tables.slice(0, TABLES_MAX) }, statement, announcement);
    for (let from = TABLES_MAX; from < tables.length; from += TABLES_MAX) {
      const { buffer, point } = announcement;
      const sequence = this.#options.journal.freeId(point.sequence);
      const part = { ...finding, tables: tables.slice(from, from + TABLES_MAX) };
      this.#writePart(part, statement, { buffer, point: { ...point, sequence } });
    }
  }

  #writePart(
    finding: Finding,
    { sql, database, sqlMode }: SeenStatement,
    { buffer, point }: SchemaChangeContext,
  ): void {
    const { prefix, flavour, journal, onReport } = this.#options;
    const { class: kind, tables, shadow, created, unseen } = finding;
    const policy = this.#policyOf(finding);
    const ids = tables.map((name) => tableId(name.database, name.table));
    const record: DdlRecord = {
      schema: { version: 1, type: 'ddl' },
      payload: {
        id: point.sequence,
        class: kind,
        policy,
        tables: ids,
        shadow,
        created,
        ...(unseen === true ? { unseen } : {}),
        statement: statementOf(finding, sql, { flavour, sqlMode }),
        advice: this.#adviceOf(finding, policy, ids),
        source: {
          server: point.server,
          database,
          timestamp: point.timestamp,
          position: { file: point.file, offset: point.offset },
          gtid: point.gtid,
        },
        captured_at: point.capturedAt,
      },
    };
    appendJson(buffer, { topic: ddlTopic(prefix), partition: 0 }, ids.join(','), record, point.capturedAt, {
      class: kind,
      sequence: point.sequence,
    });
    journal.apply(record);
    onReport(kind, ids);
  }
}

function statementOf({ class: kind, before, unseen }: Finding, sql: string, dialect: Dialect): string {
  if (unseen === true) return '(no statement in the binlog)';
  if (kind === 'cascade') return '(a foreign key with CASCADE or SET NULL)';
  return kind === 'xa' ? sql : [...before, shownStatement(sql, dialect)].join('; ');
}

/** What the alert shows of it: its name is what XA RECOVER lists on the source, in hexadecimal digits. */
function prepareOf(xid: string): string {
  return `XA PREPARE ${xid}`;
}
