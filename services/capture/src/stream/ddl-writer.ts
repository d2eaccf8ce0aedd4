import type { DdlPolicy, Sequence, TableName } from '@sluice/envelope';
import type { SequenceCounter } from '../model/sequence-counter.ts';
import { writeSchema, writeTruncate } from '../encode/control-writer.ts';
import type { SchemaChangeContext } from '../encode/schema-change-context.ts';
import type { SourceInfo } from '../encode/record-format.ts';
import type { DdlChange } from '../ddl/ddl-change.ts';
import type { DdlReporter, SeenStatement } from './ddl-reporter.ts';
import type { NameChange } from '../ddl/name-changes.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import type { TableRoutes } from './table-routes.ts';

/** What a statement needs to know of the stream around it. */
export interface StatementContext {
  readonly buffer: PublishBuffer;
  readonly sequence: SequenceCounter;
  /** Where a control record written now belongs. */
  point(sequence: Sequence, offset: number): SourceInfo;
  /** Whether a record with this sequence offset was published by an earlier reading. */
  wasPublished(offset: number): boolean;
}

type Seen = SeenStatement & { readonly start: number };

/** From statements that change tables to control records and reports. */
export class DdlWriter {
  readonly #context: StatementContext;
  readonly #routes: TableRoutes;
  readonly #ddl: DdlReporter;

  constructor(context: StatementContext, routes: TableRoutes, ddl: DdlReporter) {
    this.#context = context;
    this.#routes = routes;
    this.#ddl = ddl;
  }

  /** @returns whether it makes a table that was not there before */
  changed(change: DdlChange, query: Seen): boolean {
    const context = this.#context;
    const { sequence, buffer } = context;
    const offset = sequence.next(query.start, 0);
    const point = context.point(sequence.current(), query.start);
    const isNew = this.#routes.noteDdl(change, query);
    if (!context.wasPublished(offset)) {
      this.#ddl.report(change, query, { buffer, point });
      for (const moved of this.#ddl.movedNames(change)) this.#tellMoved(moved, point);
    }
    // Rows that an earlier table of this name left in the topic are gone.
    if (change.created !== null && isNew) this.#truncate(change.created, offset, point, 'apply');
    return isNew;
  }

  /** Sinks stop here where the policy says so; else, and then, they have no rows under a name that is gone. */
  #tellMoved({ table, change, isGone }: NameChange, point: SourceInfo): void {
    const known = this.#routes.byName(table.database, table.table)?.encoder.table;
    if (known === undefined) return;
    const { buffer } = this.#context;
    const policy = this.#ddl.policies[change];
    writeSchema(buffer, known, change, point, { policy });
    const takesRows = isGone && policy !== 'alert' && known.publication.skips?.has('TRUNCATE') !== true;
    if (takesRows) writeTruncate(buffer, known, point);
  }

  vanished(table: TableName, { buffer, point }: SchemaChangeContext): void {
    this.#ddl.reportVanished(table, { buffer, point });
    this.#tellMoved({ table, change: 'drop', isGone: true }, point);
  }

  truncated(table: TableName, query: Seen): void {
    const { sequence, buffer } = this.#context;
    const offset = sequence.next(query.start, 0);
    const point = this.#context.point(sequence.current(), query.start);
    if (!this.#truncate(table, offset, point, this.#ddl.policies.truncate)) return;
    this.#ddl.reportTruncate(table, query, { buffer, point });
  }

  /** Whether there was something to publish. */
  #truncate({ database, table }: TableName, offset: number, point: SourceInfo, policy: DdlPolicy): boolean {
    const route = this.#routes.byName(database, table);
    if (route === null) return false;
    if (route.recorder !== null) route.recorder.disturbed = true;
    const isLeftOut = route.encoder.table.publication.skips?.has('TRUNCATE') === true;
    if (this.#context.wasPublished(offset) || isLeftOut) return false;
    writeTruncate(this.#context.buffer, route.encoder.table, point, policy);
    return true;
  }
}
