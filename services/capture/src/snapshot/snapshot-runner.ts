import type { Logger } from '@sluice/runtime';
import type { CaptureLoop } from '../capture-loop.ts';
import type { ServerFacts } from '../source/server.ts';
import type { TableProgress } from '../state/checkpoint.ts';
import { tableId } from '../state/table.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import { writeSnapshotMark } from '../stream/control-writer.ts';
import type { TableName } from '../stream/ddl.ts';
import type { RowWriter } from '../stream/row-writer.ts';
import { ChunkRecorder, type TableRoute } from '../stream/table-route.ts';
import type { TableRoutes } from '../stream/table-routes.ts';
import type { Chunk, ChunkReader } from './chunk-reader.ts';
import { ChunkSize } from './chunk-size.ts';
import { SelectImage } from './select-image.ts';
import type { SnapshotTable } from './snapshot-table.ts';

export interface SnapshotParts {
  readonly reader: ChunkReader;
  readonly server: ServerFacts;
  readonly stream: ChangeStream;
  readonly routes: TableRoutes;
  readonly loop: CaptureLoop;
  readonly writer: RowWriter;
  readonly chunkRows: number;
  /** By `database.table`; the checkpoint takes it from here. */
  readonly progress: Map<string, TableProgress>;
  /** Whether sinks may hold rows of any table from before this generation. */
  readonly followsGap: boolean;
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
  async run(tables: readonly TableName[], signal: AbortSignal): Promise<void> {
    for (const name of tables) {
      if (signal.aborted) return;
      if (this.#progressOf(name)?.state !== 'done') await this.#readTable(name, signal);
    }
  }

  async #readTable(name: TableName, signal: AbortSignal): Promise<void> {
    const { log, reader, chunkRows } = this.#parts;
    const id = tableId(name.database, name.table);
    reader.forgetTable();
    const route = await this.#begin(name);
    if (route === null) return;
    log.info({ event: 'snapshot.table_started', table: id }, `snapshot of ${id} begins`);
    const size = new ChunkSize(chunkRows);
    while (!signal.aborted && this.#progressOf(name)?.state !== 'done') {
      await this.#readChunk(name, route, size);
    }
    const rows = this.#progressOf(name)?.rows ?? 0;
    if (!signal.aborted)
      log.info({ event: 'snapshot.table_done', table: id, rows }, `snapshot of ${id} is done`);
  }

  /** Announces the snapshot, unless an earlier life has; null when the table is no longer there. */
  async #begin(name: TableName): Promise<TableRoute | null> {
    const { loop, progress, reader, routes, stream, followsGap } = this.#parts;
    const id = tableId(name.database, name.table);
    const table = await reader.describe(name);
    if (table === null) {
      progress.set(id, { state: 'done', lastKey: null, order: '', rows: 0, reconcile: false });
      return null;
    }
    let route: TableRoute | null = null;
    await loop.atBoundary(null, () => {
      const known = routes.byName(name.database, name.table);
      route = known ?? routes.open(table.shape, stream.announcement);
      if (progress.has(id)) return;
      const reconcile = known !== null || followsGap;
      this.#mark(route, 'begin', reconcile);
      progress.set(id, { state: 'running', lastKey: null, order: '', rows: 0, reconcile });
    });
    return route;
  }

  async #readChunk(name: TableName, route: TableRoute, size: ChunkSize): Promise<void> {
    const { reader, stream, loop } = this.#parts;
    const recorder = new ChunkRecorder();
    route.recorder = recorder;
    const chunk = await reader.read({
      name,
      recorder,
      progress: stream.progress,
      limit: size.rows,
      after: (table) => this.#after(name, table),
    });
    await loop.atBoundary(chunk?.mark ?? null, () => {
      route.recorder = null;
      if (chunk === null || recorder.disturbed) reader.forgetTable();
      if (chunk === null) this.#finish(name, route);
      else if (!recorder.disturbed) this.#publish(name, route, recorder, chunk);
    });
    if (chunk !== null) size.learn(chunk.rows.length, chunk.bytes);
  }

  #after(name: TableName, table: SnapshotTable): string[] | null {
    const before = this.#progressOf(name);
    return before?.order === table.order ? before.lastKey : null;
  }

  #publish(name: TableName, route: TableRoute, recorder: ChunkRecorder, chunk: Chunk): void {
    const { progress } = this.#parts;
    const { table, rows, more } = chunk;
    const published = this.#write(route, recorder, chunk);
    const before = this.#progressOf(name);
    const last = rows.at(-1);
    progress.set(tableId(name.database, name.table), {
      state: 'running',
      lastKey: last === undefined ? this.#after(name, table) : table.keyOf(last),
      order: table.order,
      rows: (before?.rows ?? 0) + published,
      reconcile: before?.reconcile ?? false,
    });
    if (!more) this.#finish(name, route);
  }

  /** The rows that the stream has nothing newer of; answers how many. */
  #write(route: TableRoute, recorder: ChunkRecorder, { table, rows, keys, mark }: Chunk): number {
    const { stream, routes, writer, server, loop } = this.#parts;
    const encoder = routes.encoderOf(table.shape, stream.announcement);
    const sequence = stream.snapshotSequence(mark);
    const image = new SelectImage(table.columns);
    writer.beginGroup({
      encoder,
      operation: 'SNAPSHOT',
      serverId: server.serverId,
      committedAtMicros: stream.now * 1000,
      fileJson: JSON.stringify(mark.file),
      offset: mark.position,
      gtid: null,
      sequencePrefix: sequence.prefix,
      capturedAt: stream.now,
    });
    let published = 0;
    for (const [index, row] of rows.entries()) {
      if (!recorder.isCurrent(keys[index] ?? '')) continue;
      image.row = row;
      encoder.writeKey(image, writer.key);
      writer.write(loop.buffer, null, image, published, sequence.offset, published, null);
      published++;
    }
    route.counts.SNAPSHOT += published;
    return published;
  }

  #finish(name: TableName, route: TableRoute): void {
    const { progress } = this.#parts;
    const before = this.#progressOf(name);
    const { rows = 0, reconcile = false } = before ?? {};
    progress.set(tableId(name.database, name.table), {
      state: 'done',
      lastKey: null,
      order: '',
      rows,
      reconcile,
    });
    this.#mark(route, 'end', reconcile);
  }

  #progressOf({ database, table }: TableName): TableProgress | undefined {
    return this.#parts.progress.get(tableId(database, table));
  }

  #mark(route: TableRoute, phase: 'begin' | 'end', reconcile: boolean): void {
    const { stream, loop } = this.#parts;
    const { table } = route.encoder;
    const job = `initial/${tableId(table.database, table.table)}`;
    writeSnapshotMark(loop.buffer, table, { phase, job, reconcile }, stream.point());
  }
}
