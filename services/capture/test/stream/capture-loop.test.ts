import { setImmediate as turn } from 'node:timers/promises';
import type { BinlogDecoder } from '@sluice/binlog';
import { BinlogError } from '@sluice/binlog';
import type { TopicBatch } from '@sluice/kafka';
import { PipelineError } from '@sluice/runtime';
import { describe, expect, test, vi } from 'vitest';
import { CaptureLoop, type StageTimes } from '../../src/stream/capture-loop.ts';
import type { BinlogReader } from '../../src/source/binlog-reader.ts';
import { EventQueue } from '../../src/source/event-queue.ts';
import type { ChangeStream } from '../../src/stream/change-stream.ts';
import { appendJson } from '../../src/encode/control-writer.ts';
import { Flusher } from '../../src/encode/flusher.ts';
import type { ResumePoint } from '../../src/state/resume-point.ts';
import type { TableWorkQueue } from '../../src/stream/table-work.ts';
import { bufferOf } from '../support/buffers.ts';
import { rowsEvent } from '../support/rows-events.ts';
import { begin, FILE, ORDERS, streamOf, query } from '../support/streams.ts';

/** Of what takes no time but that of a busy machine. */
const SOON = { timeout: 10_000 };
const CHECKPOINTS = 'p.sluice.checkpoints';

/** A loop whose events are functions on the stream, and whose Kafka is a list of transactions. */
class Setup {
  readonly stream: ChangeStream;
  readonly work: TableWorkQueue;
  readonly queue = new EventQueue(1_000_000, { pause: () => undefined, resume: () => undefined });
  readonly loop: CaptureLoop;
  /** What each transaction held: rows, and the position of its checkpoint. */
  readonly transactions: { rows: number; position: number }[] = [];
  readonly heartbeats: number[] = [];
  readonly stages: StageTimes[] = [];
  /** What publishing waits for. */
  kafka: () => Promise<void> = () => Promise.resolve();
  /** What the next event holds as a compressed transaction, and what unpacking its next event waits for. */
  inner: ((stream: ChangeStream) => void)[] = [];
  unpack: () => Promise<void> | undefined = () => undefined;
  settles = 0;
  eventBytes = 1;
  readonly #stop = new AbortController();
  readonly #steps: ((stream: ChangeStream) => void)[] = [];
  #rows = 0;

  constructor(resume: Partial<ResumePoint> = {}) {
    const { stream, work, buffer } = streamOf({ resume });
    this.stream = stream;
    this.work = work;
    const { queue } = this;
    const flusher = new Flusher(
      { publish: (batches) => this.#publish(batches) },
      new AbortController().signal,
      () => queue.wake(),
    );
    this.loop = new CaptureLoop({
      reader: queue as unknown as BinlogReader,
      decoder: {
        start: (event: Buffer) => this.#decode(event),
        unpack: () => this.unpack(),
        resume: () => this.#decodeInner(),
      } as unknown as BinlogDecoder,
      stream,
      flusher,
      buffers: [buffer, bufferOf()],
      limits: { flushRows: 10, flushBytes: 1_000_000, heartbeatMs: 50 },
      settleTables: () => {
        this.work.take();
        return Promise.resolve(void this.settles++);
      },
      writeCheckpoint: (full) => {
        const { transaction, place } = stream;
        this.#rows = full.rows;
        const at = transaction.open ? transaction.start : place.position.position;
        appendJson(full, { topic: CHECKPOINTS, partition: 0 }, 'p', at, 0, {});
        this.#position = at;
      },
      writeHeartbeat: () => this.heartbeats.push(stream.now),
      measure: (stages) => this.stages.push(stages),
    });
  }

  #position = 0;

  run(): Promise<void> {
    return this.loop.run(this.#stop.signal);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Adds events that arrive together. */
  push(...steps: readonly ((stream: ChangeStream) => void)[]): void {
    for (const step of steps) {
      this.queue.push(Buffer.alloc(this.eventBytes, this.#steps.length));
      this.#steps.push(step);
    }
  }

  #decode(event: Buffer): number {
    this.#steps[event[0] ?? 0]?.(this.stream);
    return this.inner.length;
  }

  #decodeInner(): number {
    this.inner.shift()?.(this.stream);
    return this.inner.length;
  }

  async #publish(batches: readonly TopicBatch[]): Promise<void> {
    const transaction = { rows: this.#rows, position: this.#position };
    expect(batches.filter(({ topic }) => topic === CHECKPOINTS)).toHaveLength(1);
    await this.kafka();
    this.transactions.push(transaction);
  }
}

const opens = (start: number) => (stream: ChangeStream) => begin(stream, start);
const closes = (end: number) => (stream: ChangeStream) => stream.onCommit(end);
const inserts = (start: number, count: number) => (stream: ChangeStream) => {
  const rows = Array.from({ length: count }, (_, id) => [String(start + id), '""']);
  stream.onRows(rowsEvent({ table: ORDERS, operation: 'INSERT', start, rows }));
};
const mark = (position: number): { file: string; position: number } => ({ file: FILE, position });

describe('publishing', () => {
  test('how long rows took is measured once for each Kafka transaction with rows of new commits', async () => {
    const setup = new Setup();
    const running = setup.run();
    setup.push(opens(100), inserts(110, 2));
    await vi.waitFor(() => expect(setup.stream.transaction.open).toBe(true), SOON);
    const taken = setup.stream.now;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(taken + 20), SOON);
    setup.push(closes(200));
    await vi.waitFor(() => expect(setup.transactions).toHaveLength(1), SOON);
    const [stages] = setup.stages;
    const sinceCommit = setup.stream.now - setup.stream.transaction.committedAtMs;
    expect(Math.abs(sinceCommit - (stages?.receiveMs ?? 0))).toBeLessThan(1000);
    expect(stages?.decodeMs).toBeGreaterThan(15);
    await setup.loop.durably(() => void setup.loop.buffer.rows++);
    expect(setup.transactions.at(-1)?.rows).toBe(1);
    setup.stop();
    await running;
    expect(setup.stages).toHaveLength(1);
  });

  test('whole transactions with the checkpoint that covers them, at once when nothing is in flight', async () => {
    const setup = new Setup();
    const running = setup.run();
    setup.push(opens(100), inserts(110, 2), closes(200), opens(200), inserts(210, 1), closes(300));
    await vi.waitFor(() => expect(setup.transactions).toEqual([{ rows: 3, position: 300 }]), SOON);
    setup.push(opens(300), inserts(310, 1));
    setup.push(closes(400));
    await vi.waitFor(() => expect(setup.transactions.at(-1)).toEqual({ rows: 1, position: 400 }), SOON);
    setup.stop();
    await running;
  });

  test('a long queue of events leaves turns to the answers of Kafka', async () => {
    const setup = new Setup();
    setup.eventBytes = 64 * 1024;
    const heard: boolean[] = [];
    let isHeard = false;
    const running = setup.run();
    setup.push(() => void setImmediate(() => (isHeard = true)));
    for (let i = 0; i < 5; i++) setup.push(() => void heard.push(isHeard));
    await vi.waitFor(() => expect(heard).toHaveLength(5), SOON);
    expect(heard[0]).toBe(false);
    expect(heard[4]).toBe(true);
    setup.stop();
    await running;
  });

  test('nothing takes a number before a transaction that was published in part is read again', async () => {
    const publishedThrough = { fileNumber: 2, offset: 111 };
    const setup = new Setup({ position: 100, floor: 109, publishedThrough, highest: '0010000020000000111' });
    const running = setup.run();
    const since: string[] = [];
    const begun = setup.loop.atBoundary(null, () => since.push(setup.stream.place.beginSnapshot()));
    await vi.waitFor(() => expect(setup.heartbeats.length).toBeGreaterThan(1), SOON);
    expect(since).toEqual([]);
    setup.push(opens(100), inserts(110, 4), closes(200));
    await begun;
    expect(setup.stream.skipped.published).toBe(2);
    expect(since).toEqual(['0010000020000000201']);
    await vi.waitFor(() => expect(setup.transactions.at(-1)).toEqual({ rows: 2, position: 200 }), SOON);
    setup.stop();
    await running;
  });

  test('a huge transaction is split; the checkpoints of its parts name its start', async () => {
    const setup = new Setup();
    const running = setup.run();
    setup.push(opens(100), inserts(110, 40), inserts(200, 40), inserts(300, 5), closes(900));
    await vi.waitFor(
      () =>
        expect(setup.transactions).toEqual([
          { rows: 40, position: 100 },
          { rows: 40, position: 100 },
          { rows: 5, position: 900 },
        ]),
      SOON,
    );
    setup.stop();
    await running;
  });

  test('a stop publishes what is whole, and leaves an open transaction to the next start', async () => {
    const setup = new Setup();
    let release: () => void = () => undefined;
    setup.kafka = () => new Promise((resolve) => (release = resolve));
    const running = setup.run();
    setup.push(opens(100), inserts(110, 1), closes(200));
    await vi.waitFor(() => expect(setup.stream.place.position.position).toBe(200), SOON);
    setup.push(opens(200), inserts(210, 1), closes(300));
    await vi.waitFor(() => expect(setup.stream.place.position.position).toBe(300), SOON);
    setup.stop();
    setup.kafka = () => Promise.resolve();
    release();
    await running;
    expect(setup.transactions).toEqual([
      { rows: 1, position: 200 },
      { rows: 1, position: 300 },
    ]);

    const other = new Setup();
    const otherRun = other.run();
    other.push(opens(100), inserts(110, 1));
    await vi.waitFor(() => expect(other.stream.transaction.open).toBe(true), SOON);
    other.stop();
    await otherRun;
    expect(other.transactions).toEqual([]);
  });

  test('a new generation is durable before anything is read', async () => {
    const setup = new Setup();
    setup.push(opens(100), inserts(110, 1), closes(200));
    await setup.loop.publishCheckpoint();
    expect(setup.transactions).toEqual([{ rows: 0, position: 4 }]);
  });

  test('signs of life come between transactions only', async () => {
    const setup = new Setup();
    const running = setup.run();
    await vi.waitFor(() => expect(setup.heartbeats.length).toBeGreaterThan(1), SOON);
    setup.push(opens(100));
    await vi.waitFor(() => expect(setup.stream.transaction.open).toBe(true), SOON);
    const before = setup.heartbeats.length;
    const seen = setup.stream.now;
    await vi.waitFor(() => expect(setup.stream.now).toBeGreaterThan(seen + 100), SOON);
    expect(setup.heartbeats.length).toBe(before);
    setup.stop();
    await running;
  });
});

describe('boundary actions', () => {
  test('run when the stream has passed their mark, never within a transaction', async () => {
    const setup = new Setup();
    const [running, ran] = [setup.run(), [] as string[]];
    const { place } = setup.stream;
    const note = (what: string) => (): void => void ran.push(`${what} at ${place.position.position}`);
    setup.push(opens(100), inserts(110, 1));
    await vi.waitFor(() => expect(setup.stream.transaction.open).toBe(true), SOON);
    const free = setup.loop.atBoundary(null, note('free'));
    const marked = setup.loop.atBoundary(mark(250), note('marked'));
    const seen = setup.stream.now;
    await vi.waitFor(() => expect(setup.stream.now).toBeGreaterThan(seen), SOON);
    expect(ran).toEqual([]);
    setup.push(closes(200));
    await free;
    expect(ran).toEqual(['free at 200']);
    setup.push((stream) => stream.onHeartbeat(FILE, 260));
    await marked;
    expect(ran).toEqual(['free at 200', 'marked at 260']);
    setup.stop();
    await running;
  });

  test('what it has learned of tables is seen to before the next event', async () => {
    const setup = new Setup();
    const running = setup.run();
    const table = { database: 'shop', table: 'orders' };
    const before = setup.loop.atBoundary(null, () => setup.work.add({ kind: 'resumed', table }));
    const behind = setup.loop.atBoundary(null, () => expect(setup.settles).toBe(1));
    await Promise.all([before, behind]);
    setup.stop();
    await running;
  });

  test('what one throws is told to who waits for it; the loop goes on', async () => {
    const setup = new Setup();
    const running = setup.run();
    const broken = setup.loop.atBoundary(null, () => {
      throw new Error('broken');
    });
    await expect(broken).rejects.toThrow('broken');
    await setup.loop.atBoundary(null, () => undefined);
    setup.stop();
    await running;
  });

  test('those that wait end with the loop, and so does every later one', async () => {
    const setup = new Setup();
    const running = setup.run();
    const waiting = setup.loop.atBoundary(mark(9999), () => undefined);
    setup.kafka = () => Promise.reject(new PipelineError('KAFKA_UNREACHABLE', 'gone'));
    setup.push(opens(100), inserts(110, 1), closes(200));
    await expect(running).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' });
    await expect(waiting).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' });
    await expect(setup.loop.atBoundary(null, () => undefined)).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
    });
  });

  test('a stop ends those that wait as well', async () => {
    const setup = new Setup();
    const running = setup.run();
    const waiting = setup.loop.atBoundary(mark(9999), () => undefined);
    setup.stop();
    await running;
    await expect(waiting).rejects.toMatchObject({ code: 'SOURCE_CLOSED_STREAM' });
  });
});

describe('failures', () => {
  test('nothing is published after one, and the error is the one of publishing', async () => {
    const setup = new Setup();
    const running = setup.run();
    let tries = 0;
    setup.kafka = () => {
      tries++;
      return Promise.reject(new PipelineError('KAFKA_TRANSACTION_IN_DOUBT', 'perhaps'));
    };
    setup.push(opens(100), inserts(110, 1), closes(200), opens(200), inserts(210, 30), closes(300));
    await expect(running).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_IN_DOUBT' });
    expect([tries, setup.transactions]).toEqual([1, []]);
  });

  test('an event that cannot be read is fatal, and no checkpoint is written after it', async () => {
    const setup = new Setup();
    const running = setup.run();
    setup.push(opens(100), inserts(110, 1), closes(200), () => {
      throw new BinlogError('EVENT_MALFORMED', 'garbled');
    });
    await expect(running).rejects.toMatchObject({ code: 'BINLOG_UNREADABLE' });
    expect(setup.transactions).toEqual([]);
  });

  test('a compressed transaction is read as it is unpacked; when that fails, nothing of it is committed', async () => {
    const setup = new Setup();
    const seen: string[] = [];
    setup.inner = [() => seen.push('first'), () => seen.push('second'), closes(200)];
    setup.unpack = async () => {
      await turn();
      if (seen.includes('second')) throw new BinlogError('PAYLOAD_UNREADABLE', 'garbled');
      seen.push('unpacked');
    };
    const running = setup.run();
    setup.push(opens(100));
    const message = 'PAYLOAD_UNREADABLE: garbled';
    await expect(running).rejects.toMatchObject({ code: 'BINLOG_UNREADABLE', message });
    expect([seen, setup.transactions]).toEqual([['unpacked', 'first', 'unpacked', 'second'], []]);
  });

  test('a row image that is not FULL ends it with the statement that mends it', async () => {
    const setup = new Setup();
    const running = setup.run();
    setup.push(opens(100), inserts(110, 1), () => {
      throw new BinlogError('ROW_IMAGE_PARTIAL', 'not all columns');
    });
    await expect(running).rejects.toMatchObject({
      code: 'BINLOG_ROW_IMAGE_NOT_FULL',
      message: expect.stringContaining("SET GLOBAL binlog_row_image = 'FULL';") as string,
    });
  });

  test('the end of the link is thrown', async () => {
    const setup = new Setup();
    const running = setup.run();
    setup.queue.fail(new PipelineError('SOURCE_SILENT', 'silence'));
    await expect(running).rejects.toMatchObject({ code: 'SOURCE_SILENT' });
  });
});

test('a renamed table is seen to before the next event is decoded', async () => {
  const setup = new Setup();
  const running = setup.run();
  const sql = 'RENAME TABLE crm.a TO orders';
  const seen: number[] = [];
  setup.push(
    (stream) => {
      stream.onBegin({ gtid: null, start: 100, committedAtMicros: 0, serverId: 1 });
      stream.onQuery(query({ database: 'shop', sql, start: 100, end: 200, closes: true }));
    },
    () => seen.push(setup.settles),
  );
  await vi.waitFor(() => expect(seen).toEqual([1]), SOON);
  setup.stop();
  await running;
});
