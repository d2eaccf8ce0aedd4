import { ByteWriter } from '@sluice/binlog';
import { recordKey, tableId, type RowOperation } from '@sluice/envelope';
import { readTable, toPipelineError } from '@sluice/mysql';
import type { TablePlan } from '@sluice/ops-api';
import { PipelineError, VERSION } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { encoderFor } from '../encode/shaped-encoder.ts';
import { rowPartition } from '../encode/row-partition.ts';
import { schemaText, type CapturedTable } from '../model/table.ts';
import type { PublishedPipeline, PublishedPoint } from '../preflight/published.ts';
import { boundStatements } from '../source/statement-time.ts';
import { SelectImage } from './select-image.ts';
import { SnapshotTable, type SelectedRow } from './snapshot-table.ts';
import { chooseVisibility } from './visibility.ts';

/** A row as a record that a sink would get, and where it would stand. */
export interface RowRecord {
  readonly topic: string;
  readonly partition: number;
  /** Text of the record key. */
  readonly key: string;
  /** The key columns' part of it. */
  readonly rowKey: string;
  /** The envelope's bytes. */
  readonly value: Buffer;
}

/**
 * Rows of the source as capture would publish them now, with the sequence of a place in the stream that a SELECT was seen to be past:
 * all changes up to that sequence are in the row, and whatever is not in it has a higher one. Publishes nothing.
 */
export class PublishedRows {
  readonly #pipeline: PublishedPipeline;
  readonly #connection: Connection;

  /** Throws a PipelineError when the source cannot be asked. */
  static async open(pipeline: PublishedPipeline): Promise<PublishedRows> {
    const { source } = pipeline.checked;
    const connection = await source.connect();
    await boundStatements(connection, source.facts, pipeline.settings.config.snapshot.statementSeconds);
    return new PublishedRows(pipeline, connection);
  }

  private constructor(pipeline: PublishedPipeline, connection: Connection) {
    this.#pipeline = pipeline;
    this.#connection = connection;
  }

  /**
   * The rows that fulfil a piece of SQL, in key order; no more than `limit`.
   * Throws SNAPSHOT_REFUSED when the table is not as the topic was last told that it is, and as the source fails.
   */
  async read(plan: TablePlan, where: string, limit: number, point: PublishedPoint): Promise<RowRecord[]> {
    const captured = this.#captured(plan);
    const { facts } = this.#pipeline.checked.source;
    const visibility = chooseVisibility(this.#connection, facts);
    const { result } = await visibility.read(point, async (lock) => {
      const table = await this.#describe(plan, captured);
      const sql = table.pageSql({ after: null, limit, condition: where, lock });
      try {
        const [rows] = await this.#connection.query({ sql, rowsAsArray: true, typeCast: false });
        return { table, rows: rows as unknown as readonly SelectedRow[] };
      } catch (error) {
        throw toPipelineError(error);
      }
    });
    const image = new SelectImage(result.table.columns);
    const encoder = encoderFor(captured, this.#pipeline.settings.serverName);
    return result.rows.map((row) => {
      image.row = row;
      const rowKey = written((out) => encoder.writeKey(image, out));
      const after = written((out) => encoder.writeRow(image, out));
      return this.#record(plan, captured, { operation: 'SNAPSHOT', rowKey, after }, point);
    });
  }

  /** That there is no such row. @param rowKey its key columns as JSON text, as `RowRecord.rowKey` has them */
  deletion(plan: TablePlan, rowKey: string, point: PublishedPoint): RowRecord {
    return this.#record(plan, this.#captured(plan), { operation: 'DELETE', rowKey, after: 'null' }, point);
  }

  close(): void {
    this.#connection.destroy();
  }

  /** As the topic was told of it last. */
  #captured({ database, table, partitions }: TablePlan): CapturedTable {
    const { known } = this.#pipeline.checked;
    known.admit(database, table, partitions);
    const captured = known.find(database, table);
    if (captured === null) throw otherTable(database, table);
    return captured;
  }

  async #describe({ database, table }: TablePlan, captured: CapturedTable): Promise<SnapshotTable> {
    const { settings, checked } = this.#pipeline;
    const description = await readTable(this.#connection, database, table);
    if (description === null) throw otherTable(database, table);
    const key = settings.config.source.keys[tableId(database, table)];
    const found = new SnapshotTable(description, key, checked.source.facts, (schema) =>
      checked.known.compile(schema),
    );
    if (schemaText(found.schema) !== schemaText(captured.schema)) throw otherTable(database, table);
    return found;
  }

  #record(
    { keyMembers }: TablePlan,
    captured: CapturedTable,
    row: PublishedRow,
    point: PublishedPoint,
  ): RowRecord {
    const { settings, checked } = this.#pipeline;
    const key = recordKey(keyMembers, row.rowKey);
    const [bytes, columns] = [Buffer.from(key), Buffer.from(row.rowKey)];
    const { serverId } = checked.source.facts;
    return {
      topic: encoderFor(captured, settings.serverName).topicOf(row.operation),
      partition: rowPartition(
        captured,
        { bytes, position: bytes.length },
        { bytes: columns, position: columns.length },
      ),
      key,
      rowKey: row.rowKey,
      value: Buffer.from(envelopeText(captured, row, point, { server: settings.serverName, serverId })),
    };
  }
}

interface PublishedRow {
  readonly operation: RowOperation;
  /** JSON texts. */
  readonly rowKey: string;
  readonly after: string;
}

/** docs/envelope.md, "A row". */
function envelopeText(
  { database, table, version }: CapturedTable,
  { operation, rowKey, after }: PublishedRow,
  { sequence, position }: PublishedPoint,
  origin: { readonly server: string; readonly serverId: number },
): string {
  const now = Date.now();
  const source = {
    ...origin,
    database,
    table,
    timestamp: now,
    position: { file: position.file, offset: position.position, row: 0 },
    gtid: null,
    snapshot: operation === 'SNAPSHOT',
  };
  const metadata = {
    connector: 'sluice',
    version: VERSION,
    transaction_id: null,
    event_index: 0,
    captured_at: now,
  };
  return (
    `{"schema":{"version":1,"type":"row","table":${version}},"payload":{"source":${JSON.stringify(source)}` +
    `,"operation":"${operation}","sequence":"${sequence}","key":${rowKey},"before":null,"after":${after}` +
    `,"metadata":${JSON.stringify(metadata)}}}`
  );
}

function written(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter(1024);
  write(out);
  return out.bytes.toString('utf8', 0, out.position);
}

function otherTable(database: string, table: string): PipelineError {
  return new PipelineError(
    'SNAPSHOT_REFUSED',
    `${tableId(database, table)} is not as its topic was last told: its columns have changed, or it is gone. Fix: wait until capture has seen a row of it, then compare again.`,
  );
}
