import type {
  BeginEvent,
  BinlogHandler,
  FormatEvent,
  QueryNotice,
  RowsEvent,
  TableMap,
} from '@sluice/binlog';
import { tableId } from '@sluice/envelope';
import { flavourOf, type Flavour } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { classifyStatement } from '../ddl/ddl.ts';
import { shownStatement } from '../ddl/shown-statement.ts';
import { isAtOrPast, type StreamPosition } from '../model/position.ts';
import { GtidSet, MariadbPosition } from './gtid-set.ts';
import type { OrphanStatement, OrphanTransaction, TableCounts } from './orphan.ts';

/** Two servers of one history never differ by so many. */
const ORPHANS_MAX = 1_000_000;

/** Gets the orphans while they are read. */
export interface OrphanConsumer {
  /** An orphan begins. One before it that was not committed never will be: its rows count for nothing. */
  begin?(begin: BeginEvent, place: StreamPosition): void;
  /** Rows of an orphan, by the decoder's own event: valid only during the call. */
  rows(rows: RowsEvent, place: StreamPosition): void;
  /** Rows that both masters have, behind an orphan. */
  common?(rows: RowsEvent, place: StreamPosition): void;
  /** Throws what keeps it from taking the transaction. */
  commit(transaction: OrphanTransaction): void;
}

interface OpenTransaction extends Omit<OrphanTransaction, 'tables' | 'statements'> {
  readonly tables: Map<string, TableCounts>;
  readonly statements: OrphanStatement[];
}

/** What the two masters have. */
export interface MastersHave {
  /** The new one. */
  readonly known: GtidSet;
  /** The old one, when it was asked: what it has executed since is no orphan. Null: all that is read. */
  readonly had: GtidSet | null;
}

/** Passes over what the new master has, and tells the rest: by GTID, one transaction after the other. */
export class OrphanReader implements BinlogHandler {
  readonly #flavour: Flavour;
  readonly #known: GtidSet;
  readonly #had: GtidSet | null;
  readonly #consumer: OrphanConsumer;
  #open: OpenTransaction | null = null;
  /** Behind the last transaction, or where the server says that there is nothing up to. */
  #position: StreamPosition = { file: '', position: 0 };
  /** MariaDB: the newest transactions that both have, before the first orphan of their domain. */
  readonly shared: MariadbPosition;
  readonly #orphanDomains = new Set<string>();
  readonly gtids: string[] = [];
  /** The first file tells what came before it, and that no orphan did. */
  hasBegin = false;

  /** @param from MariaDB: the position where the reading begins */
  constructor(flavour: Flavour, { known, had }: MastersHave, from: string, consumer: OrphanConsumer) {
    this.#flavour = flavour;
    this.#known = known;
    this.#had = had;
    this.#consumer = consumer;
    this.shared = new MariadbPosition(from);
  }

  hasPassed(mark: StreamPosition): boolean {
    return this.#open === null && this.#position.file !== '' && isAtOrPast(this.#position, mark);
  }

  /** A transaction was begun whose end never came: it was not committed. */
  get hasOpenEnd(): boolean {
    return this.#open !== null;
  }

  enterFile(file: string): void {
    this.#open = null;
    this.#position = { file, position: 0 };
  }

  onFormat({ serverVersion }: FormatEvent): void {
    if (flavourOf(serverVersion) === this.#flavour) return;
    throw new PipelineError(
      'ORPHANS_REFUSED',
      `${this.#position.file} was written by ${serverVersion}, and the new master is ${this.#flavour}: their GTIDs cannot be compared.`,
    );
  }

  /** Throws ORPHANS_INCOMPLETE when there are orphans before the first file. @param gtids null where they cannot be read */
  onPreviousGtids(gtids: string | null): void {
    if (gtids === null || this.hasBegin || this.gtids.length > 0) return;
    const earlier = GtidSet.parse(this.#flavour, gtids);
    const missing = earlier.minus(this.#known.completedBy(earlier));
    if (!missing.isEmpty)
      throw new PipelineError(
        'ORPHANS_INCOMPLETE',
        `${this.#position.file} begins behind orphaned transactions, which are in earlier files: ${missing.toString()}.`,
      );
    this.hasBegin = true;
  }

  onRotate(file: string, position: number): void {
    this.#position = { file, position };
  }

  onBegin(begin: BeginEvent): void {
    const { gtid, start, committedAtMicros, serverId } = begin;
    const place = { file: this.#position.file, position: start };
    if (gtid === null)
      throw new PipelineError(
        'ORPHANS_REFUSED',
        `The transaction at ${place.file}:${place.position} has no GTID: nothing tells whether the new master has it.`,
      );
    if (this.#known.has(gtid)) {
      this.#open = null;
      if (this.#flavour === 'mariadb') this.#passShared(gtid);
      return;
    }
    if (this.#had?.has(gtid) === false) {
      this.#open = null;
      return;
    }
    this.#open = { gtid, place, committedAtMicros, serverId, tables: new Map(), statements: [] };
    this.#consumer.begin?.(begin, place);
  }

  #passShared(gtid: string): void {
    if (!this.#orphanDomains.has(domainOf(gtid))) this.shared.pass(gtid);
  }

  onTableMap(_map: TableMap): void {
    // The decoder asks for what it must know; nothing else is to be done before rows come.
  }

  onRows(rows: RowsEvent): void {
    const place = { file: this.#position.file, position: rows.start };
    const open = this.#open;
    if (open === null) {
      if (this.gtids.length > 0) this.#consumer.common?.(rows, place);
      return;
    }
    const { database, table } = rows.table;
    const id = tableId(database, table);
    const counted = open.tables.get(id) ?? { database, table, counts: { INSERT: 0, UPDATE: 0, DELETE: 0 } };
    open.tables.set(id, counted);
    const images = rows.countImages();
    counted.counts[rows.operation] += rows.operation === 'UPDATE' ? images / 2 : images;
    this.#consumer.rows(rows, place);
  }

  onQuery(query: QueryNotice): void {
    const { kind } = classifyStatement(query, this.#flavour);
    if (this.#open !== null && kind !== 'savepoint') {
      const place = { file: this.#position.file, position: query.start };
      const text = shownStatement(query.sql, { flavour: this.#flavour, sqlMode: query.sqlMode });
      this.#open.statements.push({ place, text });
    }
    if (query.closes) this.onCommit(query.end);
  }

  onCommit(end: number): void {
    this.#position = { file: this.#position.file, position: end };
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    if (this.#flavour === 'mariadb') this.#orphanDomains.add(domainOf(open.gtid));
    this.gtids.push(open.gtid);
    if (this.gtids.length > ORPHANS_MAX)
      throw new PipelineError(
        'ORPHANS_REFUSED',
        `More than ${ORPHANS_MAX} transactions are not on the new master: the two servers have no history in common.`,
      );
    this.#consumer.commit({ ...open, tables: [...open.tables.values()] });
  }

  onHeartbeat(file: string, position: number): void {
    if (this.#open === null) this.#position = { file, position };
  }

  onUnknown(): void {
    // Only events that no reader needs are told here.
  }
}

function domainOf(gtid: string): string {
  return gtid.slice(0, gtid.indexOf('-'));
}
