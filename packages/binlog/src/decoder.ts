import { hasValidChecksum, refuseLostChecksum, requireChecksum } from './checksum.ts';
import { NO_FACTS, type ColumnFacts } from './column-facts.ts';
import { BinlogError } from './errors.ts';
import { EventCursor } from './event-cursor.ts';
import { CHECKSUM_BYTES, EVENT, FLAG, HEADER_BYTES, isSilent, type EventHeader } from './event-types.ts';
import { readFormat } from './format-event.ts';
import { readMariadbGtid, readMysqlGtid, readTaggedGtid, type GtidEvent } from './gtid.ts';
import type { BinlogHandler } from './handler.ts';
import { readHeartbeatV2 } from './heartbeat.ts';
import { readPayload } from './inflate.ts';
import { PayloadEvents } from './payload-events.ts';
import { hasNoPlace, PositionTracker } from './position.ts';
import { readPreviousGtids } from './previous-gtids.ts';
import { isBegin, queryText, readQuery, readXaPrepare, type QueryEvent } from './query-event.ts';
import { RowsEventReader, STMT_END } from './rows-event.ts';
import { readRowsBody, rowsLayout, type RowsLayout } from './rows-header.ts';
import { TableCache } from './table-cache.ts';
import type { TableMap } from './table-map.ts';

export interface DecoderOptions {
  /** Whether events carry a CRC32 before the first format event has said so. */
  readonly checksum: boolean;
  readonly flavour: 'mysql' | 'mariadb';
  /** Where the stream was asked to begin; the server's first event says it again. */
  readonly file: string;
  readonly position: number;
  /**
   * Whether the server sends every byte of its files: MySQL does when it is asked by position. By GTID it leaves out what the reader
   * has; MariaDB leaves out annotations.
   */
  readonly contiguous?: boolean;
  /**
   * What MariaDB's table maps do not tell; asked after `onTableMap` and before the first `onRows` of the map. Without it UUIDs
   * and addresses are bytes, and images without all columns cannot be read.
   */
  readonly columnFacts?: (map: TableMap) => ColumnFacts;
}

/** A rows event without rows that only ends a statement names this table. */
const NO_TABLE = 0xff_ffff;
const INCIDENT = 'the server reports that changes may be missing from its binlog';
const BEGIN = Buffer.from('BEGIN');
const COMMIT = Buffer.from('COMMIT');

/** Turns the events of one connection into calls of a handler, one event at a time. */
export class BinlogDecoder {
  private readonly handler: BinlogHandler;
  private readonly flavour: DecoderOptions['flavour'];
  private readonly tracker: PositionTracker;
  private readonly tables: TableCache;
  private readonly rows = new RowsEventReader();
  private readonly header: EventHeader = { timestamp: 0, serverId: 0, type: 0, flags: 0, start: 0, end: 0 };
  private checksum: boolean;
  private dead = false;
  /** True while the handler runs: what it throws is its own. */
  private calling = false;
  /** A group was opened and neither committed nor closed. */
  private open = false;
  /** Within the open group a commit, rollback or prepare is still to come. */
  private awaitsCommit = false;
  private gtid: string | null = null;
  /** The compressed transaction that is being read. */
  private payload: PayloadEvents | null = null;
  private payloadStart = 0;
  private payloadFileEnd = 0;

  constructor(handler: BinlogHandler, options: DecoderOptions) {
    this.handler = handler;
    this.flavour = options.flavour;
    this.checksum = options.checksum;
    this.tables = new TableCache(options.flavour, options.columnFacts ?? (() => NO_FACTS));
    this.tracker = new PositionTracker(options.file, options.position, options.contiguous);
  }

  /**
   * Takes one event, header included, without the packet's marker byte. The bytes may be reused afterwards. A compressed
   * transaction is unpacked at once, whatever memory it takes.
   *
   * @throws BinlogError, or what the handler threw; the decoder is dead afterwards
   */
  accept(event: Buffer): void {
    let left = this.guarded(event, false);
    while (left > 0) left = this.resume();
  }

  /**
   * As `accept`, but nothing of what a compressed transaction holds is read yet: the caller can see to what one of its events
   * asks for (a table that was not known) before the next. Such an event must not be reused before its last `resume`.
   *
   * @returns bytes that `resume` has to read, which must be done before the next event; 0 when the event is done
   */
  start(event: Buffer): number {
    return this.guarded(event, true);
  }

  /**
   * Unpacks the next event of the compressed transaction: to be waited for before each `resume`, undefined when there is
   * nothing to wait for. Takes the memory of that event and of a few pieces, whatever the size of the transaction.
   *
   * @throws BinlogError; the decoder is dead afterwards
   */
  unpack(): Promise<void> | undefined {
    return this.payload?.unpack()?.catch((error: unknown) => {
      throw this.dying(error);
    });
  }

  /** Reads the next event of the compressed transaction. @returns bytes that are left of it */
  resume(): number {
    return this.guarded(null, true);
  }

  /** Every table map is told to the handler once more when it comes again, whether it is known or not: not within a statement. */
  forgetTables(): void {
    this.tables.forget();
  }

  private guarded(event: Buffer | null, inPieces: boolean): number {
    if (this.dead) throw new BinlogError('EVENT_MALFORMED', 'the stream has ended with an error before');
    try {
      if (event !== null) this.readEvent(event, inPieces);
      else if (this.payload !== null) this.nextOfPayload(this.payload);
      return this.payload === null ? 0 : this.payload.left;
    } catch (error) {
      throw this.dying(error);
    }
  }

  private dying(error: unknown): unknown {
    this.dead = true;
    return this.calling || error instanceof BinlogError
      ? error
      : this.malformed('the event cannot be read', error);
  }

  private readEvent(event: Buffer, inPieces: boolean): void {
    if (event.length < HEADER_BYTES || event.readUInt32LE(9) !== event.length) {
      throw new BinlogError('EVENT_MALFORMED', 'an event has not the length its header says', {
        length: event.length,
      });
    }
    const header = this.header;
    const position = event.readUInt32LE(13);
    this.readHeader(event);
    const end = event.length - this.checksumBytes(event, position);
    if (end < HEADER_BYTES) throw this.malformed('an event is too short for its checksum');
    if (hasNoPlace(this.header, position)) {
      header.start = this.tracker.end;
      header.end = this.tracker.end;
    } else {
      header.start = this.tracker.advance(position, event.length);
      header.end = this.tracker.end;
    }
    if (header.type === EVENT.TRANSACTION_PAYLOAD) return this.openPayload(event, end, inPieces);
    this.dispatch(event, end);
  }

  private readHeader(event: Buffer): void {
    const header = this.header;
    header.timestamp = event.readUInt32LE(0);
    header.type = event[4]!;
    header.serverId = event.readUInt32LE(5);
    header.flags = event.readUInt16LE(17);
  }

  /** Verifies the checksum and returns its length, 0 when the event has none. */
  private checksumBytes(event: Buffer, position: number): number {
    const { type, flags } = this.header;
    if (type === EVENT.FORMAT_DESCRIPTION) {
      if (readFormat(event).checksum) requireChecksum(event, type, position);
      else refuseLostChecksum(event, position);
      return CHECKSUM_BYTES;
    }
    // Between two files the algorithm may change: the rotate event made for the reader is asked itself.
    if (type === EVENT.ROTATE && (flags & FLAG.ARTIFICIAL) !== 0)
      return hasValidChecksum(event) ? CHECKSUM_BYTES : 0;
    if (!this.checksum) return 0;
    requireChecksum(event, type, position);
    return CHECKSUM_BYTES;
  }

  private dispatch(event: Buffer, end: number): void {
    const { type, flags } = this.header;
    if (type === EVENT.TABLE_MAP) return this.tableMap(event, end);
    const layout = rowsLayout(type);
    if (layout !== undefined) return this.rowsEvent(event, end, layout);
    const cursor = new EventCursor(event, HEADER_BYTES, end);
    switch (type) {
      case EVENT.GTID:
      case EVENT.ANONYMOUS_GTID:
        return this.begin(readMysqlGtid(cursor, type === EVENT.ANONYMOUS_GTID));
      case EVENT.GTID_TAGGED:
        return this.begin(readTaggedGtid(cursor));
      case EVENT.MARIADB_GTID:
        return this.begin(readMariadbGtid(cursor, this.header.serverId));
      case EVENT.XID:
        return this.commit();
      case EVENT.QUERY:
        return isBegin(event, end) ? this.beginStatement() : this.query(readQuery(cursor, false, false));
      case EVENT.QUERY_COMPRESSED:
        return this.query(readQuery(cursor, true, false));
      case EVENT.EXECUTE_LOAD_QUERY:
        return this.query(readQuery(cursor, false, true));
      case EVENT.XA_PREPARE:
        return this.notice(readXaPrepare(cursor), '', 0, true);
      case EVENT.HEARTBEAT:
      case EVENT.HEARTBEAT_V2:
        return this.heartbeat(event, cursor);
      case EVENT.ROTATE:
        return this.rotate(cursor, (flags & FLAG.ARTIFICIAL) !== 0);
      case EVENT.FORMAT_DESCRIPTION:
        return this.format(event);
      case EVENT.ROWS_QUERY:
      case EVENT.ANNOTATE_ROWS:
        return this.rowsQuery(cursor);
      case EVENT.PREVIOUS_GTIDS:
        return this.previousGtids(cursor);
      default:
        return this.other(type);
    }
  }

  private format(event: Buffer): void {
    const format = readFormat(event);
    this.checksum = format.checksum;
    this.tables.clear();
    this.calling = true;
    const artificial = (this.header.flags & FLAG.ARTIFICIAL) !== 0 || event.readUInt32LE(13) === 0;
    this.handler.onFormat({ ...format, artificial });
    this.calling = false;
  }

  private previousGtids(cursor: EventCursor): void {
    const gtidSet = readPreviousGtids(cursor);
    this.calling = true;
    this.handler.onPreviousGtids?.(gtidSet);
    this.calling = false;
  }

  private rotate(cursor: EventCursor, artificial: boolean): void {
    const position = Number(cursor.uint64());
    const file = cursor.rest().toString('utf8');
    this.tracker.moveTo(file, position);
    this.calling = true;
    this.handler.onRotate(file, position, artificial);
    this.calling = false;
  }

  private begin(event: GtidEvent): void {
    const { timestamp, start, serverId } = this.header;
    this.open = true;
    this.awaitsCommit = event.transactional;
    this.gtid = event.gtid;
    const committedAtMicros = event.committedAtMicros === 0 ? timestamp * 1_000_000 : event.committedAtMicros;
    this.calling = true;
    this.handler.onBegin({ gtid: event.gtid, start, committedAtMicros, serverId, lone: event.lone });
    this.calling = false;
    // MySQL logs this statement itself; whoever reads the rows must know before them that they may never commit.
    if (event.xid !== null) this.notice(`XA START ${event.xid}`, '', 0, false);
  }

  /** A statement outside any group opens one: a server without GTID events. */
  private beginUnlessOpen(): void {
    if (this.open) return;
    this.begin({ gtid: null, committedAtMicros: 0, lone: false, transactional: false, xid: null });
  }

  private close(): void {
    this.open = false;
    this.awaitsCommit = false;
  }

  private commit(): void {
    this.close();
    this.calling = true;
    this.handler.onCommit(this.header.end);
    this.calling = false;
  }

  private beginStatement(): void {
    this.beginUnlessOpen();
    this.awaitsCommit = true;
  }

  private query(query: QueryEvent): void {
    if (query.bytes.equals(COMMIT)) return this.commit();
    if (query.bytes.equals(BEGIN)) return this.beginStatement();
    this.beginUnlessOpen();
    const sql = queryText(query);
    if (/^XA\s+(START|BEGIN)\b/i.test(sql)) this.awaitsCommit = true;
    this.notice(sql, query.database, query.sqlMode, !this.awaitsCommit || /^ROLLBACK\s*$/i.test(sql));
  }

  private notice(sql: string, database: string, sqlMode: number, closes: boolean): void {
    const { start, end, timestamp, flags } = this.header;
    const { gtid } = this;
    const threadSpecific = (flags & FLAG.THREAD_SPECIFIC) !== 0;
    if (closes) this.close();
    this.calling = true;
    this.handler.onQuery({ database, sql, start, end, timestamp, gtid, sqlMode, threadSpecific, closes });
    this.calling = false;
  }

  private heartbeat(event: Buffer, cursor: EventCursor): void {
    const known =
      this.header.type === EVENT.HEARTBEAT_V2
        ? readHeartbeatV2(cursor)
        : { file: cursor.rest().toString('utf8'), position: this.tracker.widen(event.readUInt32LE(13)) };
    this.calling = true;
    this.handler.onHeartbeat(known.file, known.position);
    this.calling = false;
  }

  private tableMap(event: Buffer, end: number): void {
    const map = this.tables.accept(event, end);
    if (map === null) return;
    this.calling = true;
    this.handler.onTableMap(map);
    this.calling = false;
  }

  private rowsEvent(event: Buffer, end: number, layout: RowsLayout): void {
    const cursor = new EventCursor(event, HEADER_BYTES, end);
    const tableId = cursor.uint(6);
    const flags = cursor.uint(2);
    const table = this.tables.compiled(tableId);
    if (table === null) {
      if (tableId === NO_TABLE && (flags & STMT_END) !== 0) return;
      throw new BinlogError('TABLE_MAP_MISSING', `rows of table id ${tableId} come without a table map`, {
        tableId,
      });
    }
    const { start, timestamp, serverId } = this.header;
    const { operation, partial } = layout;
    const body = readRowsBody(cursor, layout, table.map);
    this.rows.open({ table, operation, partial, body, start, timestamp, serverId, flags });
    this.calling = true;
    this.handler.onRows(this.rows);
    this.calling = false;
  }

  private openPayload(event: Buffer, end: number, inPieces: boolean): void {
    this.payload = new PayloadEvents(readPayload(new EventCursor(event, HEADER_BYTES, end)), inPieces);
    this.payloadStart = this.header.start;
    this.payloadFileEnd = this.header.end;
  }

  /**
   * The events of a compressed transaction have no place of their own: they count on from the start of the event that
   * holds them, and whatever commits commits behind it.
   */
  private nextOfPayload(payload: PayloadEvents): void {
    const start = this.payloadStart + payload.taken;
    const inner = payload.next();
    if (inner.length < HEADER_BYTES || inner.readUInt32LE(9) !== inner.length) {
      throw this.malformed('an event in a compressed transaction is cut short');
    }
    this.readHeader(inner);
    if (this.header.type === EVENT.TRANSACTION_PAYLOAD)
      throw this.unsupported('nested compressed transactions');
    this.header.start = start;
    this.header.end = this.payloadFileEnd;
    this.dispatch(inner, inner.length);
    if (payload.left === 0) this.payload = null;
  }

  /** MySQL's begins with a byte for its length, which says nothing of most. */
  private rowsQuery(cursor: EventCursor): void {
    if (this.header.type === EVENT.ROWS_QUERY) cursor.skip(1);
    const sql = cursor.rest();
    this.calling = true;
    this.handler.onRowsQuery?.(sql);
    this.calling = false;
  }

  private other(type: number): void {
    if (isSilent(type)) return;
    if (type === EVENT.INCIDENT) throw new BinlogError('BINLOG_INCIDENT', INCIDENT);
    if ((this.header.flags & FLAG.IGNORABLE) === 0) throw this.unsupported(`events of type ${type}`);
    this.calling = true;
    this.handler.onUnknown(type);
    this.calling = false;
  }

  private unsupported(what: string): BinlogError {
    return new BinlogError('EVENT_UNSUPPORTED', `${what} cannot be decoded`, this.place());
  }

  private malformed(message: string, cause?: unknown): BinlogError {
    return new BinlogError('EVENT_MALFORMED', message, this.place(), cause);
  }

  private place(): Record<string, string | number> {
    const { type, start } = this.header;
    return { file: this.tracker.file, start, type, flavour: this.flavour };
  }
}
