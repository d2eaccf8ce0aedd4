import type { ColumnFacts } from './column-facts.ts';
import { BinlogError } from './errors.ts';
import { EventCursor } from './event-cursor.ts';
import type { EventFrame } from './event-frame.ts';
import { EventGroups } from './event-groups.ts';
import { EVENT, FLAG, HEADER_BYTES, isSilent } from './event-types.ts';
import { readFormat } from './format-event.ts';
import { readMariadbGtid, readMysqlGtid, readTaggedGtid } from './gtid.ts';
import type { BinlogHandler } from './handler.ts';
import { readHeartbeatV2 } from './heartbeat.ts';
import { readPreviousGtids } from './previous-gtids.ts';
import { isBegin, readQuery, readXaPrepare } from './query-event.ts';
import { RowsEventReader, STMT_END } from './rows-event.ts';
import { readRowsBody, rowsLayout, type RowsLayout } from './rows-header.ts';
import { TableCache } from './table-cache.ts';
import type { TableMap } from './table-map.ts';

/** A rows event without rows that only ends a statement names this table. */
const NO_TABLE = 0xff_ffff;
const INCIDENT = 'the server reports that changes may be missing from its binlog';

export interface BodiesOptions {
  readonly flavour: 'mysql' | 'mariadb';
  readonly columnFacts: (map: TableMap) => ColumnFacts;
}

/** From the body of an event, by its type, to a call of the handler. A compressed transaction is not among the types. */
export class EventBodies {
  readonly #handler: BinlogHandler;
  readonly #frame: EventFrame;
  readonly #groups: EventGroups;
  readonly #tables: TableCache;
  readonly #rows = new RowsEventReader();

  /** @param frame of the event that is read */
  constructor(handler: BinlogHandler, frame: EventFrame, { flavour, columnFacts }: BodiesOptions) {
    this.#handler = handler;
    this.#frame = frame;
    this.#groups = new EventGroups(handler, frame.header);
    this.#tables = new TableCache(flavour, columnFacts);
  }

  /** Every table map is told to the handler again when it comes again. */
  forgetTables(): void {
    this.#tables.forget();
  }

  /** @param end of the body @throws BinlogError, or what the handler threw */
  read(event: Buffer, end: number): void {
    const { type, serverId } = this.#frame.header;
    if (type === EVENT.TABLE_MAP) return this.#tableMap(event, end);
    const layout = rowsLayout(type);
    if (layout !== undefined) return this.#rowsEvent(event, end, layout);
    const cursor = new EventCursor(event, HEADER_BYTES, end);
    switch (type) {
      case EVENT.GTID:
      case EVENT.ANONYMOUS_GTID:
        return this.#groups.begin(readMysqlGtid(cursor, type === EVENT.ANONYMOUS_GTID));
      case EVENT.GTID_TAGGED:
        return this.#groups.begin(readTaggedGtid(cursor));
      case EVENT.MARIADB_GTID:
        return this.#groups.begin(readMariadbGtid(cursor, serverId));
      case EVENT.XID:
        return this.#groups.commit();
      case EVENT.QUERY:
        return isBegin(event, end)
          ? this.#groups.beginStatement()
          : this.#groups.query(readQuery(cursor, false, false));
      case EVENT.QUERY_COMPRESSED:
        return this.#groups.query(readQuery(cursor, true, false));
      case EVENT.EXECUTE_LOAD_QUERY:
        return this.#groups.query(readQuery(cursor, false, true));
      case EVENT.XA_PREPARE:
        return this.#groups.prepare(readXaPrepare(cursor));
      case EVENT.ROWS_QUERY:
      case EVENT.ANNOTATE_ROWS:
        return this.#rowsQuery(cursor);
      default:
        return this.#aboutStream(event, cursor);
    }
  }

  /** Events about files, their format and the server itself, and all that this decoder does not read. */
  #aboutStream(event: Buffer, cursor: EventCursor): void {
    const { type } = this.#frame.header;
    switch (type) {
      case EVENT.HEARTBEAT:
      case EVENT.HEARTBEAT_V2:
        return this.#heartbeat(event, cursor);
      case EVENT.ROTATE:
        return this.#rotate(cursor);
      case EVENT.FORMAT_DESCRIPTION:
        return this.#format(event);
      case EVENT.PREVIOUS_GTIDS:
        return this.#handler.onPreviousGtids?.(readPreviousGtids(cursor));
      default:
        return this.#other(type);
    }
  }

  #tableMap(event: Buffer, end: number): void {
    const map = this.#tables.accept(event, end);
    if (map !== null) this.#handler.onTableMap(map);
  }

  #rowsEvent(event: Buffer, end: number, layout: RowsLayout): void {
    const cursor = new EventCursor(event, HEADER_BYTES, end);
    const tableId = cursor.uint(6);
    const flags = cursor.uint(2);
    const table = this.#tables.compiled(tableId);
    if (table === null) {
      if (tableId === NO_TABLE && (flags & STMT_END) !== 0) return;
      throw new BinlogError('TABLE_MAP_MISSING', `rows of table id ${tableId} come without a table map`, {
        tableId,
      });
    }
    const { start, timestamp, serverId } = this.#frame.header;
    const { operation, partial } = layout;
    const body = readRowsBody(cursor, layout, table.map);
    this.#rows.open({ table, operation, partial, body, start, timestamp, serverId, flags });
    this.#handler.onRows(this.#rows);
  }

  /** MySQL's begins with a byte for its length, which says nothing of most. */
  #rowsQuery(cursor: EventCursor): void {
    if (this.#frame.header.type === EVENT.ROWS_QUERY) cursor.skip(1);
    this.#handler.onRowsQuery?.(cursor.rest());
  }

  #format(event: Buffer): void {
    const format = readFormat(event);
    this.#frame.checksum = format.checksum;
    this.#tables.clear();
    const artificial = this.#frame.isArtificial || event.readUInt32LE(13) === 0;
    this.#handler.onFormat({ ...format, artificial });
  }

  #rotate(cursor: EventCursor): void {
    const position = Number(cursor.uint64());
    const file = cursor.rest().toString('utf8');
    this.#frame.tracker.moveTo(file, position);
    this.#handler.onRotate(file, position, this.#frame.isArtificial);
  }

  #heartbeat(event: Buffer, cursor: EventCursor): void {
    const { header, tracker } = this.#frame;
    const known =
      header.type === EVENT.HEARTBEAT_V2
        ? readHeartbeatV2(cursor)
        : { file: cursor.rest().toString('utf8'), position: tracker.widen(event.readUInt32LE(13)) };
    this.#handler.onHeartbeat(known.file, known.position);
  }

  #other(type: number): void {
    if (isSilent(type)) return;
    if (type === EVENT.INCIDENT) throw new BinlogError('BINLOG_INCIDENT', INCIDENT);
    if ((this.#frame.header.flags & FLAG.IGNORABLE) === 0)
      throw this.#frame.unsupported(`events of type ${type}`);
    this.#handler.onUnknown(type);
  }
}
