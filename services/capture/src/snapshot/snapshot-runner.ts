import { tableId, type TableName } from '@sluice/envelope';
import { PipelineError, type Logger } from '@sluice/runtime';
import type { CaptureLoop } from '../stream/capture-loop.ts';
import type { ServerFacts } from '../source/server.ts';
import { isOutOfTime } from '../source/statement-time.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { SnapshotJob } from '../state/snapshot-job.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import { writeSnapshotMark } from '../encode/control-writer.ts';
import type { RowWriter } from '../encode/row-writer.ts';
import { ChunkRecorder, type TableRoute } from '../stream/table-route.ts';
import type { TableRoutes } from '../stream/table-routes.ts';
import type { TableWorkQueue } from '../stream/table-work.ts';
import type { Chunk, ChunkReader, NoTable } from './chunk-reader.ts';
import { ChunkSize } from './chunk-size.ts';
import { SnapshotPace } from './snapshot-pace.ts';
import { SelectImage } from './select-image.ts';
import type { SnapshotTable } from './snapshot-table.ts';

/** SQL that names a column which is gone is refused every time; a table that is just being altered is not. */
const REFUSALS_MAX = 5;

export interface SnapshotParts {
  readonly reader: ChunkReader;
  readonly server: ServerFacts;
  readonly stream: ChangeStream;
  readonly routes: TableRoutes;
  readonly work: TableWorkQueue;
  /** Makes the topics of a table that has none yet. */
  readonly admit: (table: TableName) => Promise<void>;
  readonly loop: CaptureLoop;
  readonly writer: RowWriter;
  /** `snapshot.chunkRows` */
  readonly chunkRows: number;
  /** The checkpoint takes the progress from here. */
  readonly jobStore: SnapshotJobStore;
  readonly log: Logger;
}

/**
 * Reads the rows of one table chunk by chunk while the stream continues, without locks. A chunk is published when the stream
 * has passed the position that the chunk was read at, without the rows that the stream has published meanwhile.
 */
export class SnapshotRunner {
  readonly #parts: SnapshotParts;
  readonly #id: string;
  readonly #size: ChunkSize;
  readonly #pace: SnapshotPace;
  #refusals = 0;
  #lastKnown: SnapshotJob | null = null;

  /** @param id of a job that is running */
  constructor(parts: SnapshotParts, id: string) {
    this.#parts = parts;
    this.#id = id;
    this.#size = new ChunkSize(parts.chunkRows);
    this.#pace = new SnapshotPace(() => this.#job.maxRowsPerSecond ?? null);
  }

  /** Resolves when the job is no longer running or the signal is aborted; throws a PipelineError when the source fails. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, loop, jobStore } = this.#parts;
    // Its table was altered or dropped while the connection was made.
    if (!this.#isRunning) return;
    const job = this.#job;
    const about = { job: job.id, table: tableId(job.database, job.table) };
    log.info({ event: 'snapshot.table_started', ...about }, `snapshot of ${about.table} begins`);
    const route = await this.#begin(job);
    if (route !== null) while (!signal.aborted && this.#isRunning) await this.#readChunk(route, signal);
    if (signal.aborted) return;
    if (jobStore.get(job.id) === null) {
      log.info(
        { event: 'snapshot.table_gone', ...about },
        `${about.table} no longer exists: its snapshot has ended`,
      );
      return;
    }
    if (this.#isToBeginAnew) {
      log.info(
        { event: 'snapshot.table_restarted', ...about },
        `snapshot of ${about.table} restarts from the beginning`,
      );
      return;
    }
    await loop.durably(() => undefined);
    jobStore.notePublished(job.id);
    const { state, rows, error } = this.#job;
    const end = { event: `snapshot.table_${state}`, ...about, rows, code: error?.code };
    log[state === 'failed' ? 'error' : 'info'](end, `snapshot of ${about.table} is ${state}`);
  }

  /** As it was last known: one whose table is dropped or changes hands is forgotten while it is read. */
  get #job(): SnapshotJob {
    this.#lastKnown = this.#parts.jobStore.get(this.#id) ?? this.#lastKnown;
    if (this.#lastKnown === null) throw new RangeError(`there is no job ${this.#id}`);
    return this.#lastKnown;
  }

  /** False also when an operator has paused or cancelled it since. */
  get #isRunning(): boolean {
    return this.#parts.jobStore.get(this.#id)?.state === 'running';
  }

  /** Its table was altered, or cannot be read as it is now. */
  get #isToBeginAnew(): boolean {
    return this.#parts.jobStore.get(this.#id)?.state === 'pending';
  }

  /** Announces the table, and the snapshot unless an earlier session has; null when there is no such table to capture. */
  async #begin(job: SnapshotJob): Promise<TableRoute | null> {
    const { loop, jobStore, reader, routes, stream, admit } = this.#parts;
    const table = routes.captures(job.database, job.table) ? await reader.find(job) : 'gone';
    const isThere = typeof table !== 'string';
    if (isThere) await admit(job);
    const rowsExpected = isThere ? await this.#estimate(table) : null;
    let route: TableRoute | null = null;
    await loop.atBoundary(null, () => {
      if (!this.#isRunning) return;
      if (table === 'unreadable') return this.#giveBack();
      if (table === 'gone') return this.#end('finish');
      const since = job.since ?? stream.place.beginSnapshot();
      // Also by a job that continues: it may have waited for longer than the topic keeps records. Not all of its rows come behind that.
      const isWhole = job.reconcile && job.since === null;
      route = routes.announced(table.schema, stream.announcement, isWhole);
      jobStore.update(job.id, { rowsExpected: this.#isCounted(route) ? rowsExpected : null, since });
      if (job.since === null) this.#mark(route, 'begin');
    });
    return route;
  }

  /** What is refused now is the first chunk's to tell: a condition, a table that has gone with its database, or may not be read any more. */
  async #estimate(table: SnapshotTable): Promise<number | null> {
    try {
      return await this.#parts.reader.estimate(table, this.#job.condition);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      if (isOutOfTime(error)) return null;
      const isOfTable = ['MYSQL_DATABASE_UNKNOWN', 'MYSQL_PRIVILEGE_MISSING'].includes(error.code);
      if (isOfTable || ['record', 'schema'].includes(error.errorClass)) return null;
      throw error;
    }
  }

  async #readChunk(route: TableRoute, signal: AbortSignal): Promise<void> {
    const { reader, stream, loop } = this.#parts;
    const begun = performance.now();
    await this.#pace.wait(() => this.#isRunning, signal);
    if (signal.aborted || !this.#isRunning) return;
    this.#pace.begin();
    const recorder = new ChunkRecorder();
    route.recorder = recorder;
    const job = this.#job;
    const chunk = await this.#answerOf(() =>
      reader.read({
        name: job,
        condition: job.condition,
        recorder,
        progress: stream.progress,
        limit: this.#pace.limit(this.#size.rows),
        after: (table) => this.#after(table),
      }),
    );
    const failure = chunk instanceof PipelineError ? chunk : null;
    const isRead = typeof chunk !== 'string' && 'rows' in chunk;
    await loop.atBoundary(isRead ? chunk.mark : null, () => {
      route.recorder = null;
      if (!isRead || recorder.disturbed) reader.forgetTable();
      if (!this.#isRunning) return;
      if (failure !== null) this.#fail(failure);
      else if (chunk === 'unreadable') this.#giveBack();
      else if (chunk === 'gone') this.#finish(route);
      else if (isRead && !recorder.disturbed) this.#publish(route, recorder, chunk, begun);
    });
    if (!isRead) return;
    this.#pace.read(chunk.rows.length);
    this.#size.learn(chunk.rows.length, chunk.bytes, chunk.milliseconds);
  }

  /** The error of what is wrong with the job itself; throws what is wrong with the source. */
  async #answerOf(read: () => Promise<Chunk | NoTable>): Promise<Chunk | NoTable | PipelineError> {
    const job = this.#job;
    try {
      const chunk = await read();
      const refusal = typeof chunk === 'string' ? null : chunk.refusal;
      if (refusal !== null && isOutOfTime(refusal)) this.#warnOfTime(job);
      if (job.condition === null) return chunk;
      this.#refusals = refusal === null ? 0 : this.#refusals + 1;
      return this.#refusals < REFUSALS_MAX || refusal === null ? chunk : refusal;
    } catch (error) {
      const isOfJob = error instanceof PipelineError && error.errorClass === 'record';
      if (isOfJob && job.condition !== null) return error;
      throw error;
    }
  }

  #warnOfTime({ id, database, table }: SnapshotJob): void {
    const name = tableId(database, table);
    this.#parts.log.warn(
      { event: 'snapshot.statement_ended', job: id, table: name },
      `the source did not give a chunk of ${name} within snapshot.statementSeconds, as when a session has locked the table: it is asked again`,
    );
  }

  #after(table: SnapshotTable): string[] | null {
    const { order, lastKey } = this.#job;
    return order === table.order ? lastKey : null;
  }

  #publish(route: TableRoute, recorder: ChunkRecorder, chunk: Chunk, begun: number): void {
    const { table, rows, more } = chunk;
    const published = this.#write(route, recorder, chunk);
    const job = this.#job;
    const read = this.#isCounted(route) ? rows.length : published;
    const last = rows.at(-1);
    this.#parts.jobStore.update(job.id, {
      lastKey: last === undefined ? this.#after(table) : table.keyOf(last),
      order: table.order,
      rows: job.rows + published,
      rowsRead: job.rowsRead + read,
      activeMs: job.activeMs + Math.round(performance.now() - begun),
    });
    if (!more) this.#finish(route);
  }

  /** How many rows fulfil a condition would tell of those that `where` keeps from readers. */
  #isCounted(route: TableRoute): boolean {
    return this.#job.condition === null || route.encoder.table.publication.condition === null;
  }

  /** The rows that the stream has nothing newer of; answers how many. */
  #write(route: TableRoute, recorder: ChunkRecorder, { table, rows, keys, mark }: Chunk): number {
    const { stream, routes, writer, server, loop } = this.#parts;
    const encoder = routes.encoderOf(table.schema, stream.announcement);
    const sequence = stream.place.snapshotSequence(mark);
    const { condition } = encoder.table.publication;
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
      traceparent: null,
    });
    let published = 0;
    for (const [index, row] of rows.entries()) {
      if (!recorder.isCurrent(keys[index] ?? '')) continue;
      image.row = row;
      if (condition !== null && !condition.holds(image)) continue;
      encoder.writeKey(image, writer.key);
      writer.write(loop.buffer, null, image, published, sequence.offset, published, null);
      published++;
    }
    route.counts.SNAPSHOT += published;
    return published;
  }

  /** The table waits for its turn again: whoever handles tables decides first whether it can be captured. */
  #giveBack(): void {
    const { database, table } = this.#job;
    this.#end('giveBack');
    this.#parts.work.add({ kind: 'unreadable', table: { database, table } });
  }

  #finish(route: TableRoute): void {
    this.#end('finish');
    this.#mark(route, 'end');
  }

  #fail({ code, message }: PipelineError): void {
    this.#parts.jobStore.update(this.#id, { error: { code, message } });
    this.#end('fail');
  }

  #end(event: 'finish' | 'fail' | 'giveBack'): void {
    const { jobStore, stream } = this.#parts;
    jobStore.move(this.#id, event, stream.now);
  }

  #mark(route: TableRoute, phase: 'begin' | 'end'): void {
    const { stream, loop } = this.#parts;
    const { id, reconcile, since } = this.#job;
    // The first snapshot of a table may come again after a gap: sinks must not take its end for an earlier one's.
    const mark = { phase, job: `${id}@${since ?? ''}`, reconcile, since: since ?? '' };
    writeSnapshotMark(loop.buffer, route.encoder.table, mark, stream.point());
  }
}
