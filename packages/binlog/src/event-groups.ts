import { FLAG, type EventHeader } from './event-types.ts';
import type { GtidEvent } from './gtid.ts';
import type { BinlogHandler } from './handler.ts';
import { queryText, type QueryEvent } from './query-event.ts';

const BEGIN = Buffer.from('BEGIN');
const COMMIT = Buffer.from('COMMIT');

/** Where transactions and lone statements begin and end: each event that opens, commits or closes one comes here. */
export class EventGroups {
  readonly #handler: BinlogHandler;
  /** Of the event that is being read. */
  readonly #header: Readonly<EventHeader>;
  /** A group was opened and neither committed nor closed. */
  #open = false;
  /** Within the open group a commit, rollback or prepare is still to come. */
  #awaitsCommit = false;
  #gtid: string | null = null;

  constructor(handler: BinlogHandler, header: Readonly<EventHeader>) {
    this.#handler = handler;
    this.#header = header;
  }

  begin(event: GtidEvent): void {
    const { timestamp, start, serverId } = this.#header;
    this.#open = true;
    this.#awaitsCommit = event.transactional;
    this.#gtid = event.gtid;
    const committedAtMicros = event.committedAtMicros === 0 ? timestamp * 1_000_000 : event.committedAtMicros;
    this.#handler.onBegin({ gtid: event.gtid, start, committedAtMicros, serverId, lone: event.lone });
    // MySQL logs this statement itself; whoever reads the rows must know before them that they may never commit.
    if (event.xid !== null) this.#notice(`XA START ${event.xid}`, '', 0, false);
  }

  beginStatement(): void {
    this.#beginUnlessOpen();
    this.#awaitsCommit = true;
  }

  commit(): void {
    this.#close();
    this.#handler.onCommit(this.#header.end);
  }

  query(query: QueryEvent): void {
    if (query.bytes.equals(COMMIT)) return this.commit();
    if (query.bytes.equals(BEGIN)) return this.beginStatement();
    this.#beginUnlessOpen();
    const sql = queryText(query);
    if (/^XA\s+(START|BEGIN)\b/i.test(sql)) this.#awaitsCommit = true;
    this.#notice(sql, query.database, query.sqlMode, !this.#awaitsCommit || /^ROLLBACK\s*$/i.test(sql));
  }

  /** @param sql the statement that the XA PREPARE event stands for */
  prepare(sql: string): void {
    this.#notice(sql, '', 0, true);
  }

  /** A statement outside any group opens one: a server without GTID events. */
  #beginUnlessOpen(): void {
    if (this.#open) return;
    this.begin({ gtid: null, committedAtMicros: 0, lone: false, transactional: false, xid: null });
  }

  #close(): void {
    this.#open = false;
    this.#awaitsCommit = false;
  }

  #notice(sql: string, database: string, sqlMode: number, closes: boolean): void {
    const { start, end, timestamp, flags } = this.#header;
    const gtid = this.#gtid;
    const threadSpecific = (flags & FLAG.THREAD_SPECIFIC) !== 0;
    if (closes) this.#close();
    this.#handler.onQuery({ database, sql, start, end, timestamp, gtid, sqlMode, threadSpecific, closes });
  }
}
