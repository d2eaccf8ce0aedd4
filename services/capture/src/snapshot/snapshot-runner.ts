import type { Connection } from 'mysql2/promise';
import type { RowWriter } from '../stream/row-writer.ts';
import { toPipelineError } from '@sluice/mysql';
import type { Logger } from '@sluice/runtime';
import type { CaptureLoop } from '../capture-loop.ts';
import type { StreamPosition } from '../source/position.ts';
import type { ServerFacts } from '../source/server.ts';
import type { TableProgress } from '../state/checkpoint.ts';
import { tableId } from '../state/table.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import { writeSnapshotMark } from '../stream/control-writer.ts';
import { ChunkRecorder, keyText, type TableRoute } from '../stream/table-route.ts';
import { SelectImage } from './select-image.ts';
import { keyOf, pageSql, type SnapshotTable } from './snapshot-table.ts';
import type { Visibility } from './visibility.ts';

type SelectedRow = (Buffer | null)[];

export interface SnapshotParts {
  readonly connection: Connection;
  readonly visibility: Visibility;
  readonly server: ServerFacts;
  readonly stream: ChangeStream;
  readonly loop: CaptureLoop;
  readonly writer: RowWriter;
  readonly chunkRows: number;
  /** By `database.table`; the checkpoint takes it from here. */
  readonly progress: Map<string, TableProgress>;
  /** The route of a table, its version announced if need be; called between transactions. */
  openRoute(table: SnapshotTable): TableRoute;
  readonly log: Logger;
}

/**
 * Reads existing rows chunk by chunk while the stream goes on, without locks. A chunk is published when the stream has
 * passed the position that the chunk was read at, without the rows that the stream has published meanwhile.
 */
export class SnapshotRunner {
  readonly #parts: SnapshotParts;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /** Resolves when every table is done or the signal is aborted; throws a PipelineError when the source fails. */
  async run(tables: readonly SnapshotTable[], signal: AbortSignal): Promise<void> {
    const { progress } = this.#parts;
    for (const table of tables) {
      if (signal.aborted) return;
      if (progress.get(tableId(table.database, table.table))?.state !== 'done')
        await this.#readTable(table, signal);
    }
  }

  async #readTable(table: SnapshotTable, signal: AbortSignal): Promise<void> {
    const { loop, log, progress } = this.#parts;
    const id = tableId(table.database, table.table);
    let route: TableRoute | undefined;
    await loop.atBoundary(null, () => {
      route = this.#parts.openRoute(table);
      if (progress.has(id)) return;
      this.#mark(route, 'begin');
      progress.set(id, { state: 'running', lastKey: null, rows: 0 });
    });
    if (route === undefined) return;
    log.info({ event: 'snapshot.table_started', table: id }, `snapshot of ${id} begins`);
    while (!signal.aborted && progress.get(id)?.state !== 'done') await this.#readChunk(table, route);
    const rows = progress.get(id)?.rows ?? 0;
    if (!signal.aborted)
      log.info({ event: 'snapshot.table_done', table: id, rows }, `snapshot of ${id} is done`);
  }

  async #readChunk(table: SnapshotTable, route: TableRoute): Promise<void> {
    const { connection, visibility, stream, loop, progress, chunkRows } = this.#parts;
    const id = tableId(table.database, table.table);
    const before = progress.get(id) ?? { state: 'running', lastKey: null, rows: 0 };
    const recorder = new ChunkRecorder();
    route.recorder = recorder;
    const seen = stream.progress;
    const sql = pageSql(table, before.lastKey, chunkRows, visibility.lock);
    const { result: rows, mark } = await visibility.read(seen, () => select(connection, sql));
    await loop.atBoundary(mark, () => {
      route.recorder = null;
      if (recorder.disturbed) return;
      const published = this.#publish(table, route, recorder, rows, mark);
      const last = rows.at(-1);
      const done = rows.length < chunkRows;
      const lastKey = last === undefined ? before.lastKey : keyOf(table, last);
      progress.set(id, { state: done ? 'done' : 'running', lastKey, rows: before.rows + published });
      if (done) this.#mark(route, 'end');
    });
  }

  #publish(
    table: SnapshotTable,
    route: TableRoute,
    recorder: ChunkRecorder,
    rows: readonly SelectedRow[],
    mark: StreamPosition,
  ): number {
    const { stream, writer, server, loop } = this.#parts;
    const { encoder } = route;
    const sequence = stream.snapshotSequence(mark);
    const image = new SelectImage(table.columns);
    writer.beginGroup({
      encoder,
      operation: 'SNAPSHOT',
      serverId: server.serverId,
      timestamp: String(stream.now),
      fileJson: JSON.stringify(mark.file),
      offset: mark.position,
      gtid: null,
      sequencePrefix: sequence.prefix,
      capturedAt: stream.now,
    });
    let published = 0;
    for (const row of rows) {
      image.row = row;
      encoder.writeKey(image, writer.key);
      if (recorder.keys.has(keyText(writer.key))) continue;
      writer.write(loop.buffer, null, image, published, sequence.offset, published, null);
      published++;
    }
    route.counts.SNAPSHOT += published;
    return published;
  }

  #mark(route: TableRoute, phase: 'begin' | 'end'): void {
    const { stream, loop } = this.#parts;
    const { table } = route.encoder;
    const job = `initial/${tableId(table.database, table.table)}`;
    writeSnapshotMark(loop.buffer, table, { phase, job, reconcile: false }, stream.point());
  }
}

/** The rows as the text protocol carries them: one buffer a value, nothing converted. */
async function select(connection: Connection, sql: string): Promise<SelectedRow[]> {
  try {
    const [rows] = await connection.query({ sql, rowsAsArray: true, typeCast: false });
    return rows as unknown as SelectedRow[];
  } catch (error) {
    throw toPipelineError(error);
  }
}
