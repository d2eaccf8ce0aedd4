import type { BeginEvent, RowsEvent } from '@sluice/binlog';
import { recordValues } from '@sluice/kafka';
import { createLogger, type SluiceConfig } from '@sluice/runtime';
import { BatchPool, PublishBuffer } from '../encode/publish-buffer.ts';
import { encoderFor } from '../encode/shaped-encoder.ts';
import { captureTable, ownTopic } from '../model/table.ts';
import { binlogFileNumber, type StreamPosition } from '../model/position.ts';
import { SequenceCounter } from '../model/sequence-counter.ts';
import { captureSettings, type CaptureSettings } from '../settings/capture-settings.ts';
import { ChangeWriter, type ChangeContext } from '../stream/change-writer.ts';
import { noneSkipped } from '../stream/skipped-rows.ts';
import { TableRoute } from '../stream/table-route.ts';
import type { OrphanTransaction } from './orphan.ts';
import type { OrphanConsumer } from './orphan-reader.ts';
import type { OrphanTables } from './orphan-tables.ts';
import { refuseKeyless, refuseStatements } from './refuse-orphans.ts';
import { rowsOf } from './row-values.ts';
import { sqlComment, type SqlStatements } from './sql-statements.ts';

/** Takes text as it comes. */
export type Write = (text: string) => void;

/** The first one: orphans have no order among what was published. */
const GENERATION = 1;
/** Of the version of a table, which only the pipeline's schema history knows. */
const NO_VERSION = 0;
/** A record that Kafka would not take is dumped as well (bytes). */
const NO_LIMIT = 1024 * 1024 * 1024;

/** The orphans as envelopes, a line for each row, as capture would have published them. */
export class EnvelopeDump implements OrphanConsumer, ChangeContext {
  readonly #tables: OrphanTables;
  readonly #settings: CaptureSettings;
  readonly #write: Write;
  readonly #routes = new Map<object, TableRoute | null>();
  readonly #writer = new ChangeWriter(this, { tombstones: false });
  readonly buffer = new PublishBuffer(new BatchPool(), NO_LIMIT, () => Promise.resolve(Buffer.alloc(0)));
  readonly sequence = new SequenceCounter(GENERATION);
  readonly skipped = noneSkipped();
  transaction: ChangeContext['transaction'] = {
    gtid: null,
    committedAtMicros: 0,
    traceparent: null,
    images: 0,
  };
  fileJson = '""';
  readonly now = Date.now();
  /** Rows of tables that are not captured, or have no key. */
  leftOut = 0;

  constructor(tables: OrphanTables, config: SluiceConfig, write: Write) {
    this.#tables = tables;
    this.#settings = captureSettings(config, [], createLogger('orphans', { level: 'silent' }));
    this.#write = write;
  }

  wasPublished(): boolean {
    return false;
  }

  begin({ gtid, committedAtMicros }: BeginEvent, { file }: StreamPosition): void {
    const number = binlogFileNumber(file);
    if (number !== this.sequence.file) this.sequence.enterFile(number, 0);
    this.fileJson = JSON.stringify(file);
    this.transaction = { gtid, committedAtMicros, traceparent: null, images: 0 };
    this.buffer.clear();
  }

  rows(rows: RowsEvent): void {
    const route = this.#routeOf(rows.table);
    rows.rewind();
    const isSkipped = route?.encoder.table.publication.skips?.has(rows.operation) === true;
    if (route !== null && !isSkipped) return this.#writer.write(rows, route);
    const images = rows.countImages();
    this.leftOut += rows.operation === 'UPDATE' ? images / 2 : images;
    this.sequence.skip(rows.start, images);
    this.transaction.images += images;
  }

  commit(transaction: OrphanTransaction): void {
    refuseStatements(transaction);
    for (const { batch } of this.buffer.batches)
      for (const value of recordValues(batch)) this.#write(`${value.toString('utf8')}\n`);
    this.buffer.clear();
  }

  /** Null for a table whose rows would not have been published. */
  #routeOf(table: RowsEvent['table']): TableRoute | null {
    const known = this.#routes.get(table);
    if (known !== undefined) return known;
    const route = this.#newRoute(this.#tables.schemaOf(table));
    this.#routes.set(table, route);
    return route;
  }

  #newRoute(schema: ReturnType<OrphanTables['schemaOf']>): TableRoute | null {
    const { filter, compiler, serverName } = this.#settings;
    if (!filter.captures(schema.database, schema.table) || schema.keyColumns.length === 0) return null;
    // One topic for all: the records of a transaction stay in its order.
    const table = captureTable(schema, NO_VERSION, ownTopic('orphans'), 1, compiler.compile(schema));
    return new TableRoute(encoderFor(table, serverName));
  }
}

/** The orphans as SQL, a transaction each, in their order. */
export class SqlDump implements OrphanConsumer {
  readonly #tables: OrphanTables;
  readonly #statements: SqlStatements;
  readonly #write: Write;
  #lines: string[] = [];

  constructor(tables: OrphanTables, statements: SqlStatements, write: Write) {
    this.#tables = tables;
    this.#statements = statements;
    this.#write = write;
  }

  begin(): void {
    this.#lines = [];
  }

  rows(rows: RowsEvent, place: StreamPosition): void {
    const table = this.#tables.of(rows.table);
    refuseKeyless(table, place);
    for (const row of rowsOf(rows, table, place)) {
      const statement = this.#statements.forward(row);
      if (statement !== null) this.#lines.push(`${statement};\n`);
    }
  }

  commit(transaction: OrphanTransaction): void {
    refuseStatements(transaction);
    this.#write(transactionSql(transaction, this.#lines));
  }
}

/** @param lines its statements; none for a transaction that changed nothing */
export function transactionSql(
  { gtid, place, committedAtMicros }: OrphanTransaction,
  lines: readonly string[],
): string {
  const at = new Date(committedAtMicros / 1000).toISOString();
  const head = `\n${sqlComment(`${gtid} of ${at}, at ${place.file}:${place.position}`)}`;
  return lines.length === 0 ? head : `${head}START TRANSACTION;\n${lines.join('')}COMMIT;\n`;
}

/** Gives each of them all that comes. */
export function together(consumers: readonly OrphanConsumer[]): OrphanConsumer {
  return {
    begin: (...given) => consumers.forEach((each) => each.begin?.(...given)),
    rows: (...given) => consumers.forEach((each) => each.rows(...given)),
    common: (...given) => consumers.forEach((each) => each.common?.(...given)),
    commit: (transaction) => consumers.forEach((each) => each.commit(transaction)),
  };
}
