import { createLogger, PipelineError } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import type { CaptureLoop } from '../../src/capture-loop.ts';
import type { Chunk, ChunkReader, ChunkRequest } from '../../src/snapshot/chunk-reader.ts';
import { SnapshotRunner } from '../../src/snapshot/snapshot-runner.ts';
import { SnapshotTable } from '../../src/snapshot/snapshot-table.ts';
import type { TableProgress } from '../../src/state/checkpoint.ts';
import { RowWriter } from '../../src/stream/row-writer.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { columnRow, description } from '../support/descriptions.ts';
import { MYSQL_FACTS } from '../support/server-facts.ts';
import { FILE, streamOf, type StreamSetup } from '../support/streams.ts';

const NAME = { database: 'shop', table: 'orders' };
const RUNNING: TableProgress = { state: 'running', lastKey: null, order: '', rows: 0, reconcile: false };

/** A source of chunks that is told what each read brings, and a loop that is always at a boundary. */
class Setup {
  readonly parts: StreamSetup = streamOf();
  readonly progress = new Map<string, TableProgress>();
  readonly requests: { after: readonly string[] | null; limit: number }[] = [];
  forgotten = 0;
  table: SnapshotTable | null = tableOf();
  /** Ids of the rows of each chunk; null when the table is gone. */
  chunks: (readonly number[] | null)[] = [];
  meanwhile: (request: ChunkRequest) => void = () => undefined;
  followsGap = false;

  async run(): Promise<void> {
    const { stream, routes, buffer } = this.parts;
    const reader = {
      describe: () => Promise.resolve(this.table),
      read: (request: ChunkRequest) => Promise.resolve(this.#read(request)),
      forgetTable: () => void this.forgotten++,
    } as unknown as ChunkReader;
    const loop = {
      buffer,
      atBoundary: (_mark: unknown, run: () => void) => Promise.resolve().then(run),
    } as unknown as CaptureLoop;
    const runner = new SnapshotRunner({
      reader,
      server: MYSQL_FACTS,
      stream,
      routes,
      loop,
      writer: new RowWriter({ tombstones: false }),
      chunkRows: 2,
      progress: this.progress,
      followsGap: this.followsGap,
      log: createLogger('test', { level: 'silent' }),
    });
    await runner.run([NAME], new AbortController().signal);
  }

  #read(request: ChunkRequest): Chunk | null {
    const ids = this.chunks.shift();
    if (ids === undefined) throw new PipelineError('MYSQL_UNREACHABLE', 'no more chunks');
    const table = this.table ?? tableOf();
    this.requests.push({ after: request.after(table), limit: request.limit });
    if (ids === null) return null;
    const rows = ids.map((id) => [Buffer.from(String(id)), Buffer.from('7')]);
    const keys = ids.map((id) => `{"id":${id}}`);
    request.recorder.compareWith(keys);
    this.meanwhile(request);
    const mark = { file: FILE, position: 500 };
    return { table, rows, keys, bytes: 10, more: ids.length >= request.limit, mark };
  }

  /** Controls once, though they stand in every partition. */
  get published(): string[] {
    const records = recordsOf(this.parts.buffer).filter(({ topic }) => topic === 'p.shop.orders');
    const texts = records.map(({ headers, key }) => {
      const operation = headers['operation'] ?? '';
      return operation === 'SNAPSHOT' ? `${operation} ${key}` : operation;
    });
    return [...new Set(texts)];
  }
}

function tableOf(...columns: readonly string[]): SnapshotTable {
  const all = ['id', 'v', ...columns].map((name) => columnRow(name));
  return new SnapshotTable(description({ columns: all }), undefined, { flavour: 'mysql', version: '9.7.0' });
}

describe('SnapshotRunner', () => {
  test('announces, reads page by page, and says that it is done', async () => {
    const setup = new Setup();
    setup.chunks = [[1, 2], [3]];
    await setup.run();
    expect(setup.requests).toEqual([
      { after: null, limit: 2 },
      { after: ['2'], limit: 2 },
    ]);
    expect(setup.published.sort()).toEqual([
      'SCHEMA',
      'SNAPSHOT {"id":1}',
      'SNAPSHOT {"id":2}',
      'SNAPSHOT {"id":3}',
      'SNAPSHOT_BEGIN',
      'SNAPSHOT_END',
    ]);
    expect(setup.progress.get('shop.orders')).toEqual({ ...RUNNING, state: 'done', rows: 3 });
  });

  test('a row carries the mark of its chunk as sequence', async () => {
    const setup = new Setup();
    setup.chunks = [[1]];
    await setup.run();
    const row = recordsOf(setup.parts.buffer).find(({ headers }) => headers['operation'] === 'SNAPSHOT');
    expect(JSON.parse(row?.value ?? '')).toMatchObject({
      payload: {
        operation: 'SNAPSHOT',
        sequence: '0010000020000000500',
        source: { snapshot: true, gtid: null, position: { file: FILE, offset: 500 } },
        before: null,
        after: { id: 1, v: 7 },
      },
    });
  });

  test('leaves out what the stream has published meanwhile', async () => {
    const setup = new Setup();
    setup.chunks = [[1, 2], []];
    setup.meanwhile = ({ recorder }) => recorder.note('{"id":2}');
    await setup.run();
    expect(setup.published).not.toContain('SNAPSHOT {"id":2}');
    expect(setup.progress.get('shop.orders')?.rows).toBe(1);
  });

  test('a chunk that a DDL disturbs is read again, with the columns as they are then', async () => {
    const setup = new Setup();
    setup.chunks = [[1, 2], [1, 2], []];
    let reads = 0;
    setup.meanwhile = ({ recorder }) => {
      if (reads++ > 0) return;
      recorder.disturbed = true;
      setup.table = tableOf('extra');
    };
    const forgotten = setup.forgotten;
    await setup.run();
    expect(setup.forgotten).toBeGreaterThan(forgotten + 1);
    expect(setup.requests.map(({ after }) => after)).toEqual([null, null, ['2']]);
    const [row] = recordsOf(setup.parts.buffer).filter(({ headers }) => headers['operation'] === 'SNAPSHOT');
    expect(
      Object.keys((JSON.parse(row?.value ?? '') as { payload: { after: object } }).payload.after),
    ).toEqual(['id', 'v', 'extra']);
  });

  test('goes on after the last key of an earlier life, without announcing it again', async () => {
    const setup = new Setup();
    const order = tableOf().order;
    setup.progress.set('shop.orders', { ...RUNNING, lastKey: ['40'], order, rows: 40, reconcile: true });
    setup.chunks = [[41]];
    await setup.run();
    expect(setup.requests).toEqual([{ after: ['40'], limit: 2 }]);
    expect(setup.published).not.toContain('SNAPSHOT_BEGIN');
    expect(setup.progress.get('shop.orders')).toMatchObject({ state: 'done', rows: 41, reconcile: true });
  });

  test('begins again when the key has become another one', async () => {
    const setup = new Setup();
    setup.progress.set('shop.orders', { ...RUNNING, lastKey: ['40'], order: 'code varchar(9)' });
    setup.chunks = [[1]];
    await setup.run();
    expect(setup.requests).toEqual([{ after: null, limit: 2 }]);
  });

  test('a table that is dropped before or while it is read is done', async () => {
    const before = new Setup();
    before.table = null;
    await before.run();
    expect(before.published).toEqual([]);
    expect(before.progress.get('shop.orders')?.state).toBe('done');
    const meanwhile = new Setup();
    meanwhile.chunks = [[1, 2], null];
    await meanwhile.run();
    expect(meanwhile.published).toContain('SNAPSHOT_END');
    expect(meanwhile.progress.get('shop.orders')).toMatchObject({ state: 'done', rows: 2 });
  });

  test.each([
    ['the first snapshot of a pipeline', false, false, false],
    ['one of a later generation', true, false, true],
    ['one of a table that had rows in its topic', false, true, true],
  ])('%s: sinks reconcile %s', async (_what, followsGap, isKnown, reconcile) => {
    const setup = new Setup();
    setup.followsGap = followsGap;
    if (isKnown) setup.parts.routes.open(tableOf().shape, setup.parts.stream.announcement);
    setup.chunks = [[1]];
    await setup.run();
    const marks = recordsOf(setup.parts.buffer).filter(({ key }) => key === '{"$sluice":"snapshot"}');
    expect(marks).toHaveLength(6);
    for (const { value } of marks) expect(JSON.parse(value ?? '')).toMatchObject({ payload: { reconcile } });
  });

  test('fails when the source does', async () => {
    await expect(new Setup().run()).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
  });
});
