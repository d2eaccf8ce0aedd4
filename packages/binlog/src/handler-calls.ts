import type { BeginEvent, BinlogHandler, FormatEvent, QueryNotice } from './handler.ts';
import type { RowsEvent } from './rows-event.ts';
import type { TableMap } from './table-map.ts';

/** Calls the handler, and knows whether an error came out of it: what the handler throws is its own. */
export class HandlerCalls implements BinlogHandler {
  /** True while the handler runs, and after it has thrown. */
  isRunning = false;
  readonly #handler: BinlogHandler;

  constructor(handler: BinlogHandler) {
    this.#handler = handler;
  }

  onFormat(format: FormatEvent): void {
    this.isRunning = true;
    this.#handler.onFormat(format);
    this.isRunning = false;
  }

  onPreviousGtids(gtidSet: string | null): void {
    this.isRunning = true;
    this.#handler.onPreviousGtids?.(gtidSet);
    this.isRunning = false;
  }

  onRotate(file: string, position: number, artificial: boolean): void {
    this.isRunning = true;
    this.#handler.onRotate(file, position, artificial);
    this.isRunning = false;
  }

  onBegin(begin: BeginEvent): void {
    this.isRunning = true;
    this.#handler.onBegin(begin);
    this.isRunning = false;
  }

  onTableMap(map: TableMap): void {
    this.isRunning = true;
    this.#handler.onTableMap(map);
    this.isRunning = false;
  }

  onRowsQuery(sql: Buffer): void {
    this.isRunning = true;
    this.#handler.onRowsQuery?.(sql);
    this.isRunning = false;
  }

  onRows(rows: RowsEvent): void {
    this.isRunning = true;
    this.#handler.onRows(rows);
    this.isRunning = false;
  }

  onCommit(end: number): void {
    this.isRunning = true;
    this.#handler.onCommit(end);
    this.isRunning = false;
  }

  onQuery(query: QueryNotice): void {
    this.isRunning = true;
    this.#handler.onQuery(query);
    this.isRunning = false;
  }

  onHeartbeat(file: string, position: number): void {
    this.isRunning = true;
    this.#handler.onHeartbeat(file, position);
    this.isRunning = false;
  }

  onUnknown(type: number): void {
    this.isRunning = true;
    this.#handler.onUnknown(type);
    this.isRunning = false;
  }
}
