import { TopicRouting } from '@sluice/envelope';
import { createLogger, PipelineError } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { TableRegistry } from '../../src/catalog/table-registry.ts';
import type { CaptureLoop } from '../../src/stream/capture-loop.ts';
import type { Chunk, ChunkReader, ChunkRequest, NoTable } from '../../src/snapshot/chunk-reader.ts';
import { SnapshotRunner } from '../../src/snapshot/snapshot-runner.ts';
import { SnapshotTable } from '../../src/snapshot/snapshot-table.ts';
import { SnapshotJobStore } from '../../src/state/snapshot-job-store.ts';
import type { SnapshotJob } from '../../src/state/snapshot-job.ts';
import { RowWriter } from '../../src/encode/row-writer.ts';
import { PublicationCompiler } from '../../src/transform/publication-compiler.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { columnRow, description } from '../support/descriptions.ts';
import { MYSQL_FACTS } from '../support/server-facts.ts';
import { FILE, PARTITIONS, streamOf, type StreamSetup } from '../support/streams.ts';

const NAME = { database: 'shop', table: 'orders' };
const JOB = 'initial/shop.orders';

/** A source of chunks that is told what each read brings, and a loop that is always at a boundary. */
class Setup {
  parts: StreamSetup = streamOf();
  readonly jobStore = new SnapshotJobStore();
  readonly requests: { after: readonly string[] | null; limit: number }[] = [];
  forgotten = 0;
  /** The job is, before it is begun. */
  isForgotten = false;
  table: SnapshotTable | NoTable = tableOf();
  /** Ids of the rows of each chunk, or why there are none. */
  chunks: (readonly number[] | NoTable)[] = [];
  /** Tables that have got their topics. */
  readonly admitted: string[] = [];
  meanwhile: (request: ChunkRequest) => void = () => undefined;
  estimate = (): Promise<number | null> => Promise.resolve(4);
  reconcile = false;
  condition: string | null = null;
  /** The job as operators see it before its last rows are in Kafka. */
  readonly shown: unknown[] = [];
  /** What an earlier life has left. */
  before: Partial<SnapshotJob> = {};

  async run(): Promise<void> {
    const { stream, routes, work, buffer } = this.parts;
    const reader = {
      find: () => Promise.resolve(this.table),
      estimate: () => this.estimate(),
      read: (request: ChunkRequest) => Promise.resolve(this.#read(request)),
      forgetTable: () => void this.forgotten++,
    } as unknown as ChunkReader;
    const loop = {
      buffer,
      atBoundary: (_mark: unknown, run: () => void) => Promise.resolve().then(run),
      durably: () => Promise.resolve(void this.shown.push(this.jobStore.shownJobs[0]?.state)),
    } as unknown as CaptureLoop;
    const { jobStore } = this;
    const parts = {
      reader,
      server: MYSQL_FACTS,
      stream,
      routes,
      work,
      admit: ({ table }: { table: string }) => Promise.resolve(void this.admitted.push(table)),
      loop,
      writer: new RowWriter({ tombstones: false }),
      chunkRows: 2,
      jobStore,
      log: createLogger('test', { level: 'silent' }),
    };
    jobStore.owe([NAME], () => this.reconcile, 0);
    jobStore.update(JOB, { ...this.before, condition: this.condition });
    jobStore.move(JOB, 'start', 0);
    if (this.isForgotten) jobStore.forget('shop.orders');
    await new SnapshotRunner(parts, JOB).run(new AbortController().signal);
  }

  #read(request: ChunkRequest): Chunk | NoTable {
    const ids = this.chunks.shift();
    if (ids === undefined) throw new PipelineError('MYSQL_UNREACHABLE', 'no more chunks');
    const table = typeof this.table === 'string' ? tableOf() : this.table;
    this.requests.push({ after: request.after(table), limit: request.limit });
    if (typeof ids === 'string') return ids;
    const rows = ids.map((id) => [Buffer.from(String(id)), Buffer.from('7')]);
    const keys = ids.map((id) => `{"id":${id}}`);
    request.recorder.compareWith(keys);
    this.meanwhile(request);
    const mark = { file: FILE, position: 500 };
    return {
      table,
      rows,
      keys,
      bytes: 10,
      milliseconds: 1,
      refusal: null,
      more: ids.length >= request.limit,
      mark,
    };
  }

  /** As if its rows had been published in an earlier life; what that has written is not looked at. */
  knows({ schema }: SnapshotTable): void {
    const { routes, stream, buffer } = this.parts;
    routes.open(schema, stream.announcement);
    buffer.clear();
  }

  get controls(): { partition: number; type: string; payload: unknown }[] {
    const records = recordsOf(this.parts.buffer).filter(
      ({ topic, key }) => topic === 'p.shop.orders' && key.startsWith('{"$sluice"'),
    );
    return records.map(({ partition, value }) => {
      const { schema, payload } = JSON.parse(value ?? '') as { schema: { type: string }; payload: unknown };
      return { partition, type: schema.type, payload };
    });
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
    expect(setup.shown).toEqual(['running']);
    expect(setup.jobStore.shownJobs).toMatchObject([{ state: 'done' }]);
    expect(setup.published.sort()).toEqual([
      'SCHEMA',
      'SNAPSHOT {"id":1}',
      'SNAPSHOT {"id":2}',
      'SNAPSHOT {"id":3}',
      'SNAPSHOT_BEGIN',
      'SNAPSHOT_END',
    ]);
    expect(setup.jobStore.get(JOB)).toMatchObject({ state: 'done', rows: 3, rowsRead: 3, rowsExpected: 4 });
    expect(setup.jobStore.whole).toContain('shop.orders');
    expect(setup.admitted).toEqual(['orders']);
  });

  test('a table that was told before is told again in every partition, before the snapshot begins', async () => {
    const setup = new Setup();
    setup.knows(tableOf());
    setup.reconcile = true;
    setup.chunks = [[1]];
    await setup.run();
    const controls = setup.controls;
    for (const partition of [0, 1, 2]) {
      const types = controls.filter((each) => each.partition === partition).map(({ type }) => type);
      expect(types).toEqual(['schema', 'snapshot', 'snapshot']);
    }
    const { since } = setup.jobStore.get(JOB) ?? {};
    const told = { change: 'create', keyColumns: ['id'], sequence: since, allRows: true };
    expect(controls[0]?.payload).toMatchObject(told);
  });

  test('it is told in the schema that the stream has told last', async () => {
    const setup = new Setup();
    setup.knows(tableOf());
    setup.knows(tableOf('extra'));
    setup.table = tableOf();
    setup.chunks = [];
    await expect(setup.run()).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
    const [first] = setup.controls;
    expect(JSON.stringify(first?.payload)).toContain('"name":"extra"');
  });

  test('a job that is forgotten before it is begun is nothing', async () => {
    const setup = new Setup();
    setup.isForgotten = true;
    await setup.run();
    expect(setup.published).toEqual([]);
  });

  test('a job that is forgotten while it is read brings nothing more, and fails nothing', async () => {
    const setup = new Setup();
    setup.chunks = [
      [1, 2],
      [3, 4],
    ];
    setup.meanwhile = () => {
      if (setup.chunks.length === 0) setup.jobStore.forget('shop.orders');
    };
    await setup.run();
    expect(setup.published.filter((text) => text.startsWith('SNAPSHOT {')).sort()).toEqual([
      'SNAPSHOT {"id":1}',
      'SNAPSHOT {"id":2}',
    ]);
    expect(setup.jobStore.knows('shop.orders')).toBe(false);
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
    expect(setup.jobStore.get(JOB)).toMatchObject({ rows: 1, rowsRead: 2 });
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
    expect(setup.forgotten).toBeGreaterThan(forgotten);
    expect(setup.requests.map(({ after }) => after)).toEqual([null, null, ['2']]);
    const [row] = recordsOf(setup.parts.buffer).filter(({ headers }) => headers['operation'] === 'SNAPSHOT');
    expect(
      Object.keys((JSON.parse(row?.value ?? '') as { payload: { after: object } }).payload.after),
    ).toEqual(['id', 'v', 'extra']);
  });

  test('goes on after the last key of an earlier life, without announcing it again', async () => {
    const setup = new Setup();
    setup.knows(tableOf());
    setup.reconcile = true;
    const since = '0010000020000000100';
    setup.before = { since, lastKey: ['40'], order: tableOf().order, rows: 40 };
    setup.chunks = [[41]];
    await setup.run();
    expect(setup.requests).toEqual([{ after: ['40'], limit: 2 }]);
    expect(setup.published).not.toContain('SNAPSHOT_BEGIN');
    // What its topic began with may have expired while it waited.
    expect(setup.published[0]).toBe('SCHEMA');
    expect(setup.controls[0]?.payload).not.toHaveProperty('allRows');
    expect(setup.jobStore.get(JOB)).toMatchObject({ state: 'done', rows: 41, reconcile: true, since });
  });

  test('begins again when the key has become another one', async () => {
    const setup = new Setup();
    setup.before = { lastKey: ['40'], order: 'code varchar(9)' };
    setup.chunks = [[1]];
    await setup.run();
    expect(setup.requests).toEqual([{ after: null, limit: 2 }]);
  });

  test('a table that is dropped before or while it is read is done', async () => {
    const before = new Setup();
    before.table = 'gone';
    await before.run();
    expect(before.published).toEqual([]);
    expect(before.jobStore.get(JOB)?.state).toBe('done');
    const meanwhile = new Setup();
    meanwhile.chunks = [[1, 2], 'gone'];
    await meanwhile.run();
    expect(meanwhile.published).toContain('SNAPSHOT_END');
    expect(meanwhile.jobStore.get(JOB)).toMatchObject({ state: 'done', rows: 2 });
  });

  test('a table that cannot be read as it is now waits until somebody has looked at it', async () => {
    const before = new Setup();
    before.table = 'unreadable';
    const meanwhile = new Setup();
    meanwhile.chunks = [[1, 2], 'unreadable'];
    for (const setup of [before, meanwhile]) {
      await setup.run();
      expect(setup.published).not.toContain('SNAPSHOT_END');
      expect(setup.jobStore.get(JOB)?.state).toBe('pending');
      expect(setup.parts.work.waiting).toEqual([{ kind: 'unreadable', table: NAME }]);
    }
  });

  test('a table that is altered while it is read begins anew, and nothing is said to be done', async () => {
    const setup = new Setup();
    setup.chunks = [[1, 2], [3]];
    setup.meanwhile = () => {
      if (setup.chunks.length > 0) return;
      setup.jobStore.forget('shop.orders');
      setup.jobStore.owe([NAME], () => true, 0);
    };
    await setup.run();
    expect(setup.published).not.toContain('SNAPSHOT {"id":3}');
    expect(setup.published).not.toContain('SNAPSHOT_END');
    expect(setup.jobStore.get(JOB)).toMatchObject({ state: 'pending', since: null, reconcile: true });
    expect(setup.shown).toEqual([]);
  });

  test('a table whose database is dropped before its rows are estimated is done', async () => {
    const setup = new Setup();
    setup.estimate = () => Promise.reject(new PipelineError('MYSQL_DATABASE_UNKNOWN', 'gone'));
    setup.chunks = ['gone'];
    await setup.run();
    expect(setup.jobStore.get(JOB)?.state).toBe('done');
  });

  test('its marks say what it began after, and in how many partitions they stand', async () => {
    const setup = new Setup();
    setup.reconcile = true;
    setup.chunks = [[1]];
    await setup.run();
    const marks = recordsOf(setup.parts.buffer).filter(({ key }) => key === '{"$sluice":"snapshot"}');
    expect(marks).toHaveLength(6);
    const since = setup.jobStore.get(JOB)?.since;
    for (const { value } of marks)
      expect(JSON.parse(value ?? '')).toMatchObject({
        payload: { job: `${JOB}@${since}`, reconcile: true, since, partitions: 3 },
      });
  });

  test.each(['pause', 'cancel'] as const)(
    'an operator’s %s discards the chunk that is being read',
    async (event) => {
      const setup = new Setup();
      setup.chunks = [
        [1, 2],
        [3, 4],
      ];
      setup.meanwhile = () => {
        if (setup.requests.length === 2) setup.jobStore.move(JOB, event, 0);
      };
      await setup.run();
      expect(setup.published).toContain('SNAPSHOT {"id":2}');
      expect(setup.published).not.toContain('SNAPSHOT {"id":3}');
      expect(setup.published).not.toContain('SNAPSHOT_END');
      expect(setup.jobStore.get(JOB)).toMatchObject({ rows: 2, lastKey: ['2'] });
    },
  );

  test('how many rows fulfil a condition is not told where the settings publish some rows only', async () => {
    const setup = new Setup();
    const compiler = new PublicationCompiler({ 'shop.orders': { columns: {}, where: 'v > 7' } }, null);
    const registry = new TableRegistry(new TopicRouting({ prefix: 'p' }), compiler);
    registry.admit('shop', 'orders', PARTITIONS);
    setup.parts = streamOf({ registry });
    setup.condition = 'id > 0';
    setup.chunks = [[1]];
    await setup.run();
    expect(setup.jobStore.get(JOB)).toMatchObject({
      state: 'done',
      rows: 0,
      rowsRead: 0,
      rowsExpected: null,
    });
  });

  test('a condition that the server refuses fails the job, not the stream', async () => {
    const setup = new Setup();
    setup.condition = 'gone = 1';
    setup.chunks = [[1]];
    setup.meanwhile = () => {
      throw new PipelineError('MYSQL_ITEM_UNKNOWN', 'MySQL gave an error');
    };
    await setup.run();
    expect(setup.jobStore.get(JOB)).toMatchObject({ state: 'failed', error: { code: 'MYSQL_ITEM_UNKNOWN' } });
  });

  test('fails when the source does', async () => {
    await expect(new Setup().run()).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
  });
});

test('a throttled job takes as long as its rate allows, and counts that', async () => {
  const setup = new Setup();
  setup.before = { maxRowsPerSecond: 20 };
  setup.chunks = [[1, 2], [3, 4], [5]];
  await setup.run();
  const { activeMs, ...job } = setup.jobStore.get(JOB) ?? {};
  expect(job).toMatchObject({ state: 'done', rowsRead: 5 });
  expect(activeMs).toBeGreaterThan(195);
});
