import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BinlogDecoder, BinlogError, ByteWriter, type RowsEvent } from '../src/index.ts';
import { eventBytes } from './support/event-bytes.ts';
import { ORDER_COLUMNS, orderEvents } from './support/order-events.ts';
import { payloadBody } from './support/payload-bytes.ts';
import { Recorder } from './support/recorder.ts';
import { announceSeed } from '@sluice/seeded-random';

const MIB = 1024 * 1024;
const OPTIONS = { checksum: false, flavour: 'mysql', file: 'binlog.000001', position: 4 } as const;
/** The event, the few pieces of it that may be unpacked at once, and whatever else the test has. */
const MOST_BYTES = 16 * MIB;
const LOOK_EVERY = 500;
/** What was collected is given back by another thread, a moment later. */
const FREED = { timeout: 10_000, interval: 20 };

/** Keeps the calls, and a sum of the rows' values instead of the values. */
class SummingRecorder extends Recorder {
  sum = 0;
  readonly #values = new ByteWriter(1 << 16);

  constructor() {
    super('no database');
  }

  override onRows(event: RowsEvent): void {
    super.onRows(event);
    while (event.next()) {
      this.#values.reset();
      for (let column = 0; column < ORDER_COLUMNS; column++) event.after.write(column, this.#values);
      this.sum = crc32(this.#values.bytes.subarray(0, this.#values.position), this.sum);
    }
  }
}

/** A transaction of rows events of 8 KiB as servers write them, and a large one in the middle. */
function transaction(bytes: number): Buffer {
  const [gtid, begin, map, small, commit] = orderEvents({ rows: 45, checksum: false });
  const large = orderEvents({ rows: 5000, checksum: false })[3]!;
  const half = new Array<Buffer>(Math.ceil(bytes / 2 / small!.length)).fill(small!);
  return Buffer.concat([gtid!, begin!, map!, ...half, large, ...half, commit!]);
}

function payload(events: Buffer): Buffer {
  return eventBytes({ type: 40 }, payloadBody(events, 'zstd'));
}

interface Read {
  readonly recorder: SummingRecorder;
  readonly code: string;
  /** Inner events that were read in pieces. */
  readonly events: number;
}

type Look = () => Promise<void> | void;
type Way = (decoder: BinlogDecoder, event: Buffer, look: Look) => Promise<void> | void;

async function inPieces(decoder: BinlogDecoder, event: Buffer, look: Look): Promise<void> {
  let left = decoder.start(event);
  while (left > 0) {
    await decoder.unpack();
    left = decoder.resume();
    await look();
  }
}

function atOnce(decoder: BinlogDecoder, event: Buffer): void {
  decoder.accept(event);
}

async function read(
  event: Buffer,
  way: Way,
  onEvent: (count: number) => Promise<void> | void = () => undefined,
): Promise<Read> {
  const recorder = new SummingRecorder();
  const decoder = new BinlogDecoder(recorder, OPTIONS);
  let events = 0;
  try {
    await way(decoder, event, () => onEvent(++events));
  } catch (error) {
    if (!(error instanceof BinlogError)) throw error;
    return { recorder, code: error.code, events };
  }
  return { recorder, code: 'no error', events };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function buffersInUse(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

describe('a large compressed transaction', () => {
  test('is read in pieces, with the calls and values it has when it is unpacked at once', async () => {
    const event = payload(transaction(64 * MIB));
    const { recorder: whole } = await read(event, atOnce);
    let looks = 0;
    const { recorder, code } = await read(event, inPieces, async (count) => {
      if (count % LOOK_EVERY > 0) return;
      looks += 1;
      await expect.poll(buffersInUse, FREED).toBeLessThan(MOST_BYTES);
    });
    expect(code).toBe('no error');
    expect(recorder.calls).toEqual(whole.calls);
    expect(recorder.calls.at(-1)).toBe(`commit ${4 + event.length}`);
    expect([recorder.images, recorder.sum]).toEqual([whole.images, whole.sum]);
    expect(recorder.images).toBeGreaterThan(300_000);
    expect(looks).toBeGreaterThan(10);
  }, 60_000);

  test('has its events read before bytes behind them are unpacked, and never its commit when those are broken', async () => {
    const event = payload(transaction(8 * MIB));
    for (const cut of [1, 200]) {
      const broken = Buffer.from(event);
      broken.fill(0xff, broken.length - cut);
      const { recorder, code, events } = await read(broken, inPieces);
      expect(code).toBe('PAYLOAD_UNREADABLE');
      expect(events).toBeGreaterThan(100);
      expect(recorder.calls.filter((call) => call.startsWith('commit'))).toEqual([]);
      expect((await read(broken, atOnce)).code).toBe('PAYLOAD_UNREADABLE');
    }
  });

  test.each([
    ['one byte more than it announces', 1],
    ['one byte less', -1],
  ])('is refused before its commit when it has %s', async (_what, more) => {
    const event = payload(transaction(2 * MIB));
    const announcedAt = 19 + 9 + 2 + 3;
    event.writeUInt32LE(event.readUInt32LE(announcedAt) - more, announcedAt);
    const { recorder, code } = await read(event, inPieces);
    expect(code).toBe('PAYLOAD_UNREADABLE');
    expect(recorder.calls.filter((call) => call.startsWith('commit'))).toEqual([]);
  });

  test.each([
    ['is shorter than its header', 18],
    ['is longer than what is left', 2 ** 31],
  ])('is refused when an event %s', async (_what, length) => {
    const events = transaction(2 * MIB);
    const lastAt = events.length - 27;
    events.writeUInt32LE(length, lastAt + 9);
    const { recorder, code } = await read(payload(events), inPieces);
    expect(code).toBe('EVENT_MALFORMED');
    expect(recorder.calls.at(-1)).toMatch(/^rows /);
  });

  test('is refused when it ends within a header', async () => {
    const events = Buffer.concat([transaction(2 * MIB), Buffer.alloc(5)]);
    const { code } = await read(payload(events), inPieces);
    expect(code).toBe('EVENT_MALFORMED');
  });

  test('that is garbled ends as it does when it is unpacked at once', async () => {
    const event = payload(transaction(1.5 * MIB));
    const ends = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.nat(event.length - 20), fc.nat(255), async (place, value) => {
        const garbled = Buffer.from(event);
        garbled[19 + place] = value;
        const whole = await read(garbled, atOnce);
        const { recorder, code } = await read(garbled, inPieces);
        ends.add(whole.code);
        // Only bytes that cannot be unpacked to their end may have been told of in part.
        if (whole.code === 'PAYLOAD_UNREADABLE') expect(code).not.toBe('no error');
        else
          expect([code, recorder.calls, recorder.sum]).toEqual([
            whole.code,
            whole.recorder.calls,
            whole.recorder.sum,
          ]);
      }),
      { numRuns: 100, seed: announceSeed('garbled payloads') },
    );
    expect([...ends]).toEqual(expect.arrayContaining(['no error', 'PAYLOAD_UNREADABLE']));
  }, 60_000);
});
